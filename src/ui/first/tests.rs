use super::draw;
use super::page::{Chosen, First, Page};
use crate::config::{Config, Inputs, load};
use crate::protocol::{Key, KeyCode};
use crate::ui::keys;
use crate::ui::theme::{ColorDepth, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 50), (40, 10)];

fn config() -> Arc<Config> {
    let inputs = Inputs {
        env: BTreeMap::from([("HOME".to_owned(), "/home/dev".into())]),
        folder: PathBuf::from("/home/dev/payments-api"),
        repository: None,
        system: PathBuf::from("/nowhere/config.toml"),
        login_shell: None,
        overrides: Vec::new(),
        profile: None,
    };
    Arc::new(load(&inputs).expect("the defaults"))
}

fn first(said: Option<&str>) -> First {
    let providers = ["mine", "anthropic", "openai", "gemini"].map(str::to_owned);
    First::new(config(), providers.to_vec(), said.map(str::to_owned))
}

fn press(first: &mut First, text: &str) -> Option<Chosen> {
    let pressed = keys::parse(text).expect("keys");
    pressed.into_iter().filter_map(|key| first.key(key)).last()
}

fn type_text(first: &mut First, text: &str) {
    for char in text.chars() {
        assert_eq!(first.key(Key::char(char)), None);
    }
}

fn shown(first: &First, columns: u16, rows: u16, ascii: bool) -> String {
    let theme = Theme::load("brisk-dark", ColorDepth::Indexed256).expect("a theme");
    let theme = if ascii { theme.with_ascii() } else { theme };
    let mut cells = Buffer::empty(Rect::new(0, 0, columns, rows));
    draw::draw(first, &theme, &mut cells);
    crate::ui::tests::through_a_terminal(cells)
}

fn check(case: &str, first: &First) {
    for (columns, rows) in SIZES {
        crate::ui::snapshot(
            &format!("first_{case}@{columns}x{rows}"),
            &shown(first, columns, rows, false),
        );
    }
}

#[test]
fn the_pages_of_the_first_start() {
    let mut page = first(None);
    check("choices", &page);
    page.paste("sk-canary-0123456789\n");
    check("key", &page);
    press(&mut page, "Enter");
    check("provider", &page);
    press(&mut page, "Esc");
    press(&mut page, "3");
    press(&mut page, "Enter");
    type_text(&mut page, "qwen3-coder");
    check("server", &page);
    press(&mut page, "Enter");
    check("lines", &page);
}

#[test]
fn what_became_of_the_last_choice_is_said_in_ascii_too() {
    let said = "No key can be stored in /home/dev/.local/state/brisk/keys: permission denied.\n\
                Look who owns the folder.";
    for (columns, rows) in SIZES {
        let text = shown(&first(Some(said)), columns, rows, true);
        assert!(text.contains("Look who owns the folder."), "{text}");
        assert!(text.replace('…', "").is_ascii(), "{text}");
    }
}

#[test]
fn every_size_can_be_drawn() {
    for columns in (1..90).step_by(8) {
        for rows in 1..18 {
            let mut page = first(Some("something is wrong"));
            shown(&page, columns, rows, false);
            page.paste("sk-ant-1");
            shown(&page, columns, rows, false);
        }
    }
}

#[test]
fn a_key_is_never_shown_and_its_owner_is_seen_or_asked() {
    let mut page = first(None);
    page.paste("  sk-ant-api03-canary\r\n");
    let text = shown(&page, 80, 24, false);
    assert!(text.contains("a key of anthropic") && !text.contains("canary"), "{text}");
    let Some(Chosen::Key { provider, key }) = press(&mut page, "Enter") else { panic!("a key") };
    assert_eq!((provider.as_str(), key.reveal()), ("anthropic", "sk-ant-api03-canary"));

    let mut page = first(None);
    press(&mut page, "Enter");
    type_text(&mut page, "sk-canary");
    assert_eq!(press(&mut page, "Enter"), None);
    assert!(matches!(page.page, Page::Provider { selected: 2, .. }), "openai is the likeliest");
    assert!(!shown(&page, 80, 24, false).contains("canary"));
    press(&mut page, "Up");
    press(&mut page, "Up");
    let Some(Chosen::Key { provider, .. }) = press(&mut page, "Enter") else { panic!("a key") };
    assert_eq!(provider, "mine");
}

#[test]
fn a_long_list_of_providers_follows_what_is_selected() {
    let providers = (0..50).map(|number| format!("provider-{number:02}")).collect();
    let mut page = First::new(config(), providers, None);
    page.paste("key");
    press(&mut page, "Enter");
    for _ in 0..30 {
        press(&mut page, "Down");
    }
    for (columns, rows) in SIZES {
        let text = shown(&page, columns, rows, false);
        assert!(text.contains("> provider-30"), "{text}");
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let mut page = first(None);
    press(&mut page, "1");
    for text in ["", "two words"] {
        page.paste(text);
        assert_eq!(press(&mut page, "Enter"), None);
        assert!(matches!(page.page, Page::Key { .. }) && page.said.is_some(), "{text:?}");
    }
}

#[test]
fn a_server_is_shown_as_lines_before_it_is_written() {
    let mut page = first(None);
    press(&mut page, "3");
    press(&mut page, "Ctrl+U");
    type_text(&mut page, "localhost:1234");
    press(&mut page, "Tab");
    page.paste("qwen\nmore");
    assert_eq!(press(&mut page, "Enter"), None);
    assert!(page.said.as_deref().is_some_and(|said| said.contains("http://")));
    press(&mut page, "Tab");
    press(&mut page, "Ctrl+U");
    page.paste("http://localhost:1234");
    press(&mut page, "Enter");
    assert_eq!(press(&mut page, "Enter"), None);
    let text = shown(&page, 80, 24, false);
    assert!(text.contains("base_url = \"http://localhost:1234/v1\""), "{text}");
    assert!(text.contains("/home/dev/.config/brisk/config.toml"), "{text}");
    press(&mut page, "Esc");
    assert!(matches!(&page.page, Page::Server { id, .. } if id == "qwen"), "nothing is lost");
    press(&mut page, "Enter");
    press(&mut page, "Enter");
    let Some(Chosen::Server(server)) = press(&mut page, "Enter") else { panic!("a server") };
    assert!(server.lines.contains("id = \"qwen\""));
}

#[test]
fn each_choice_has_a_number_and_there_are_ways_out() {
    assert_eq!(press(&mut first(None), "2"), Some(Chosen::Copilot));
    assert_eq!(press(&mut first(None), "4"), Some(Chosen::Demo));
    for key in ["q", "Esc", "Ctrl+C", "Ctrl+D"] {
        assert_eq!(press(&mut first(None), key), Some(Chosen::Leave), "{key}");
    }
    let mut page = first(None);
    page.key(Key::plain(KeyCode::Down));
    press(&mut page, "Down");
    press(&mut page, "Enter");
    assert!(matches!(page.page, Page::Server { .. }));
    press(&mut page, "Esc");
    assert!(matches!(page.page, Page::Choices { selected: 2 }));
}
