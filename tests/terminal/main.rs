//! The shared terminal as people meet it: real shells and programs, in the room's own face or in
//! the whole binary on a real PTY. What is not installed is skipped and said so.
//!
//! What must hold, and the tests that fail without it, here and in `src`:
//!
//! | | behaviour | tests |
//! |---|---|---|
//! | 1 | recordings show the expected screens | recorded_streams_show_the_expected_screens |
//! | 2 | esctest2's passes only rise | esctest_passes_as_many_as_ever |
//! | 3 | full-screen programs come, resize and go | editors_pagers_and_monitors_come_and_go a_multiplexer_in_the_terminal_knows_nothing_of_one_outside a_debugger_is_a_program_that_waits_for_lines |
//! | 4 | queries are answered, unknown ones silent | queries_are_answered_and_print_nothing what_nobody_knows_is_answered_by_silence_and_prints_nothing |
//! | 5 | wide and joined text keeps columns | the_columns_after_a_disputed_character_stay_whatever_its_width cells_carry_colours_attributes_and_widths |
//! | 6 | reflow without loss | rows_are_the_same_after_any_sizes no_size_and_no_bytes_are_a_panic |
//! | 7 | a burst of resizes is one | a_burst_of_resizes_is_one_for_the_program_and_the_last_size_is_right |
//! | 8 | a key is shown at once | under_a_flood_the_outer_output_is_bounded_and_the_message_answers |
//! | 9 | an echoed key costs little, idling nothing | an_echoed_key_costs_at_most_60_bytes_in_the_message_and_in_the_terminal an_idle_screen_draws_nothing |
//! | 10 | a scrolled line costs little | a_line_that_scrolls_costs_at_most_a_kilobyte |
//! | 11 | a flood costs little outside | under_a_flood_the_outer_output_is_bounded_and_the_message_answers |
//! | 12 | ^C ends a flood | control_c_ends_a_flood_and_the_prompt_is_back an_endless_flood_is_interrupted_at_once |
//! | 13 | a flood is bounded inside | a_flood_costs_bounded_memory_and_the_end_of_it_is_known lines_and_bytes_are_bounded_and_the_oldest_go |
//! | 14 | exit codes are right | exit_codes_are_right_in_every_shell an_interrupt_and_a_signal_have_their_codes_in_every_shell |
//! | 15 | forged marks complete nothing | forged_marks_complete_nothing_in_any_shell the_nonce_of_another_terminal_completes_nothing |
//! | 16 | shells in shells are unknown, never 0 | a_shell_in_the_shell_is_typed_to_and_leaves_it_as_it_was a_shell_behind_ssh_is_typed_to_and_its_codes_are_unknown a_shell_that_became_another_one_is_unknown_from_then_on |
//! | 17 | a secret is the user's | a_secret_reaches_neither_model_nor_journal_nor_any_file a_password_is_the_users_alone_and_the_pen_stays_where_it_is |
//! | 18 | waiting and running are told apart | who_reads_the_terminal_waits_for_input who_is_quiet_and_works_runs |
//! | 19 | a screen is answered at once | a_full_screen_program_answers_with_its_screen_long_before_its_timeout |
//! | 20 | a timeout ends nothing, closing ends all | a_timeout_leaves_it_alive_and_an_interrupt_ends_it after_a_timeout_closing_ends_the_whole_group |
//! | 21 | a background job delays nothing | a_background_job_on_the_terminal_lives_on_after_the_end |
//! | 22 | a user's key takes the pen | a_users_key_takes_the_pen_and_the_agents_keys_are_dropped the_agent_waits_for_the_pen_and_is_told_what_it_missed |
//! | 23 | a large paste blocks nobody | a_program_that_reads_gets_every_byte_of_a_megabyte a_program_that_does_not_read_is_interrupted_and_the_paste_is_gone a_paste_is_bracketed_only_where_asked_and_cannot_leave_its_bracket |
//! | 24 | the clipboard and the outer terminal are the user's | a_programs_title_clipboard_and_links_never_reach_the_outer_terminal a_program_writes_the_clipboard_only_where_the_setting_says_so |
//! | 25 | every way out restores the terminal | every_way_out_is_clean_while_a_flood_runs_in_the_focused_pane a_stop_gives_the_terminal_back_and_going_on_draws_everything_again every_way_out_leaves_a_clean_terminal |

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

#[path = "../common/mod.rs"]
mod common;
mod conformance;
mod drawing;
mod hands;
mod look_back;
mod pasting;
mod programs;
mod room;
#[path = "../common/screen.rs"]
mod screen;
mod seen;
mod shells;
mod ssh;
#[path = "../common/stage.rs"]
mod stage;
mod waiting;

/// Every file of tests, as one text.
fn sources(folder: &std::path::Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_behaviour_has_the_tests_that_the_table_names() {
    let mut text = String::new();
    for folder in ["src", "tests"] {
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut text);
    }
    let rows = include_str!("main.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut numbers = Vec::new();
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let Ok(number) = cells[0].parse::<u32>() else { continue };
        numbers.push(number);
        for test in cells[2].split_whitespace() {
            assert!(text.contains(&format!("fn {test}(")), "{number}: there is no test {test}");
        }
        assert!(!cells[2].is_empty(), "{row}");
    }
    assert_eq!(numbers, (1..=25).collect::<Vec<_>>());
}
