mod models;

use super::*;
use crate::protocol::{Api, EditFormat, Effort};
use std::collections::BTreeMap;

pub(super) struct House {
    folder: tempfile::TempDir,
    inputs: Inputs,
}

impl House {
    pub(super) fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir_all(home.join(".config/brisk")).unwrap();
        let repository = folder.path().join("repository");
        std::fs::create_dir_all(&repository).unwrap();
        let env = BTreeMap::from([
            ("HOME".to_owned(), home.into_os_string()),
            ("LANG".to_owned(), "C.UTF-8".into()),
        ]);
        let inputs = Inputs {
            env,
            folder: repository.clone(),
            repository: Some(repository),
            system: folder.path().join("system.toml"),
            login_shell: None,
            overrides: Vec::new(),
            profile: None,
        };
        House { folder, inputs }
    }

    pub(super) fn user(self, text: &str) -> House {
        std::fs::write(self.folder.path().join("home/.config/brisk/config.toml"), text).unwrap();
        self
    }

    pub(super) fn system(self, text: &str) -> House {
        std::fs::write(&self.inputs.system, text).unwrap();
        self
    }

    pub(super) fn env(mut self, name: &str, value: &str) -> House {
        self.inputs.env.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn flag(mut self, key: &str, value: &str) -> House {
        self.inputs.overrides.push((key.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn load(&self) -> Config {
        load(&self.inputs).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn error(&self) -> ConfigError {
        load(&self.inputs).expect_err("it should not load")
    }
}

#[test]
fn the_built_in_settings_are_whole_and_sound() {
    let config = House::new().load();
    assert_eq!(
        (config.model.as_str(), config.mode, config.budget.tokens),
        ("auto", Mode::Confirm, 100_000)
    );
    assert_eq!(config.budget, Budget { tokens: 100_000, cost: None, steps: None, seconds: None });
    assert!(!config.budget_named && !config.ui.ascii);
    for (pattern, _) in
        schema::SETTINGS.iter().filter(|(pattern, _)| !pattern.contains('*') && *pattern != "guard")
    {
        assert!(config.get(pattern).is_some(), "{pattern} has no default");
    }
    for (_, key) in schema::VARIABLES {
        assert!(config.get(key).is_some(), "{key}");
    }
    for key in config.keys() {
        assert!(config.get(&key).is_some(), "{key}");
    }
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let house = House::new().system("mode = \"plan\"");
    assert_eq!(house.load().mode, Mode::Plan);
    let house = house.user("mode = \"auto-edit\"\n[budget]\nturn = \"50k\"");
    assert_eq!(house.load().mode, Mode::AutoEdit);
    let house = house.env("BRISK_MODE", "confirm").env("BRISK_BUDGET", "1.5M");
    assert_eq!((house.load().mode, house.load().budget.tokens), (Mode::Confirm, 1_500_000));
    let house =
        house.flag("mode", "autopilot").flag("budget.turn", "20000").flag("budget.time", "10m");
    let config = house.load();
    assert_eq!(
        (config.mode, config.budget.tokens, config.budget.seconds),
        (Mode::Autopilot, 20_000, Some(600))
    );
    assert!(config.budget_named);
    let said = config.explain("mode").unwrap().said;
    let sources: Vec<String> = said.iter().map(|said| said.source.to_string()).collect();
    assert_eq!(sources.len(), 5);
    assert_eq!(
        (sources[0].as_str(), sources[1].as_str(), sources[4].as_str()),
        ("a flag", "$BRISK_MODE", "built-in")
    );
    assert!(sources[2].ends_with("home/.config/brisk/config.toml:1"), "{}", sources[2]);
}

#[test]
fn a_profile_is_a_layer_above_the_files() {
    let mut house =
        House::new().user("model = \"opus\"\n[profiles.cheap]\nmodel = \"haiku\"\nbudget.turn = 5");
    assert_eq!(house.load().model, "opus");
    house.inputs.profile = Some("cheap".to_owned());
    assert_eq!((house.load().model.as_str(), house.load().budget.tokens), ("haiku", 5));
    house.inputs.profile = Some("chaep".to_owned());
    assert_eq!(house.error().hint.as_deref(), Some("did you mean `cheap`?"));
}

#[test]
fn errors_name_the_place_and_the_nearest_right_thing() {
    let cases = [
        ("a = 1\n", "unknown key `a`", 1, 1, ""),
        (
            "\n[budget]\n  turns = 5",
            "unknown key `budget.turns`",
            3,
            3,
            "did you mean `budget.turn`?",
        ),
        ("modle = \"x\"", "unknown key `modle`", 1, 1, "did you mean `model`?"),
        ("turn = 5", "unknown key `turn`", 1, 1, "did you mean `budget.turn`?"),
        (
            "[providers.x]\nbaseurl = \"x\"",
            "unknown key `providers.x.baseurl`",
            2,
            1,
            "did you mean `providers.x.base_url`?",
        ),
        (
            "[models.m.price]\nouput = 1",
            "unknown key `models.m.price.ouput`",
            2,
            1,
            "did you mean `models.m.price.output`?",
        ),
        (
            "budget.turn = true",
            "`budget.turn` must be a token count such as \"100k\", not true",
            1,
            15,
            "",
        ),
        (
            "budget.turn = -1",
            "`budget.turn` must be a token count such as \"100k\", not -1",
            1,
            15,
            "",
        ),
        ("budget.time = 10", "`budget.time` must be a duration such as \"10m\", not 10", 1, 15, ""),
        (
            "mode = \"autopliot\"",
            "`mode` must be one of plan, confirm, auto-edit, autopilot, not \"autopliot\"",
            1,
            8,
            "did you mean \"autopilot\"?",
        ),
        ("budget = 5", "`budget` must be a table: [budget]", 1, 10, ""),
        ("[profiles.p]\nmdoe = \"x\"", "unknown key `mdoe`", 2, 1, "did you mean `mode`?"),
        (
            "rules.deny = [1]",
            "`rules.deny` must be a list of texts such as [\"cargo test\"], not [1]",
            1,
            14,
            "",
        ),
    ];
    for (text, message, line, column, hint) in cases {
        let error = House::new().user(text).error();
        let place = error.place.clone().expect(text);
        assert_eq!(
            (error.message.as_str(), place.line, place.column),
            (message, line, column),
            "{text}"
        );
        if !hint.is_empty() {
            assert_eq!(error.hint.as_deref(), Some(hint), "{text}");
        }
    }
    let error = House::new().user("mode = \"plan\"\nmodel = \"ä\" x").error();
    let place = error.place.clone().unwrap();
    assert_eq!((place.line, place.text.as_str()), (2, "model = \"ä\" x"));
    let shown = error.to_string();
    assert!(shown.contains("config.toml:2:") && shown.ends_with('^'), "{shown}");
    let error = House::new().env("BRISK_BUDGET", "lots").error();
    assert!(error.message.starts_with("BRISK_BUDGET: `budget.turn`"), "{error}");
    let error = House::new().flag("budget.trun", "1k").error();
    assert_eq!(error.hint.as_deref(), Some("did you mean `budget.turn`?"));
    assert!(load(&House::new().flag("a b", "1").inputs).is_err());
}

#[test]
fn flags_take_toml_and_bare_text() {
    let config = House::new()
        .flag("model", "gpt-5.1")
        .flag("rules.allow", "[\"cargo test\", \"ls\"]")
        .flag("rules.ask", "git push")
        .flag("models.\"a.b\".id", "\"x\"")
        .flag("shell", "/bin/zsh")
        .flag("ui.ascii", "1")
        .load();
    assert_eq!(config.model, "gpt-5.1");
    assert_eq!(config.rules.allow, ["cargo test", "ls"]);
    assert_eq!(config.rules.ask, ["git push"]);
    assert_eq!(config.get("models.\"a.b\".id"), Some(Value::String("x".to_owned())));
    assert_eq!(config.shell, Path::new("/bin/zsh"));
    assert!(config.ui.ascii);
}

#[test]
fn what_one_layer_denies_no_other_allows() {
    let config =
        House::new().system("rules.deny = [\"git push\"]").user("rules.deny = [\"curl\"]").load();
    assert_eq!(config.rules.deny, ["git push", "curl"]);
}

#[test]
fn folders_follow_the_base_directories_or_brisk_home() {
    let house = House::new()
        .env("XDG_STATE_HOME", "/s")
        .env("XDG_CACHE_HOME", "relative")
        .env("XDG_RUNTIME_DIR", "/r");
    let paths = house.load().paths;
    let home = house.folder.path().join("home");
    assert_eq!(
        (paths.state.as_path(), paths.runtime.as_path()),
        (Path::new("/s/brisk"), Path::new("/r/brisk"))
    );
    assert_eq!(paths.cache, home.join(".cache/brisk"));
    let own = house.folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("config.toml"), "mode = \"plan\"").unwrap();
    let house = house.env("BRISK_HOME", own.to_str().unwrap());
    assert_eq!((house.load().mode, house.load().paths.state), (Mode::Plan, own.join("state")));
    let mut house = House::new();
    house.inputs.env.remove("HOME");
    assert!(house.error().hint.unwrap().contains("BRISK_HOME"));
}

#[test]
fn a_repository_that_is_not_trusted_is_not_read() {
    let house = House::new();
    std::fs::create_dir(house.inputs.folder.join(".brisk")).unwrap();
    std::fs::write(
        house.inputs.folder.join(".brisk/config.toml"),
        "mode = \"autopilot\"\nnonsense",
    )
    .unwrap();
    let config = house.load();
    assert_eq!(config.mode, Mode::Confirm);
    assert!(config.notices[0].contains("not trusted"), "{:?}", config.notices);
    assert!(config.explain("mode").unwrap().note.unwrap().contains("not trusted"));
}

#[test]
fn a_slip_in_a_variable_is_noticed() {
    let config = House::new().env("BRISK_MODLE", "opus").env("BRISK_CONFORMANCE", "/x").load();
    assert_eq!(config.notices, ["BRISK_MODLE is no setting; did you mean BRISK_MODEL?"]);
}

#[test]
fn auto_takes_the_first_model_that_can_be_used() {
    let error = House::new().load().chosen().unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Trouble::NoModel, "no model is configured"));
    let hint = error.hint.unwrap();
    for part in ["ANTHROPIC_API_KEY", "config.toml", "base_url", "brisk demo"] {
        assert!(hint.contains(part), "{hint}");
    }
    let house = House::new().env("OPENAI_API_KEY", "k");
    assert_eq!(house.load().chosen().unwrap().service, "openai");
    let house = house.env("ANTHROPIC_API_KEY", "k");
    assert_eq!(house.load().chosen().unwrap().name, "sonnet");
    let house = house.user("[auto]\nfast = \"haiku\"");
    assert_eq!(house.load().chosen().unwrap().name, "haiku");
    let own = "[providers.local]\napi = \"openai-chat\"\nbase_url = \"http://127.0.0.1:9/v1/\"\n\
               [models.mine]\nprovider = \"local\"\nid = \"x\"\ncontext = \"32k\"\noutput = 4000";
    let config = House::new().env("ANTHROPIC_API_KEY", "k").user(own).load();
    let spec = config.chosen().unwrap();
    assert_eq!((spec.name.as_str(), spec.prompt, spec.output), ("mine", 28_000, 4_000));
    let service = config.service("local").unwrap();
    assert_eq!((service.base_url.as_str(), service.key.is_none()), ("http://127.0.0.1:9/v1", true));
}

#[test]
fn a_model_is_a_name_or_a_provider_with_an_id() {
    let config = House::new().user("[models.sonnet]\noutput = 1000\nefforts = [\"low\"]").load();
    let spec = config.resolve("sonnet").unwrap();
    assert_eq!((spec.id.as_str(), spec.output, spec.prompt), ("claude-sonnet-5-5", 1000, 999_000));
    assert_eq!(spec.efforts, [Effort::Low]);
    assert_eq!(spec.edits, EditFormat::Replace);
    for format in EditFormat::ALL {
        let own = format!("[models.sonnet]\nedits = \"{}\"", format.name());
        assert_eq!(House::new().user(&own).load().resolve("sonnet").unwrap().edits, format);
    }
    assert_eq!(spec.price.unwrap().cache_write, 2.5);
    let spec = config.resolve("openrouter/some/model").unwrap();
    assert_eq!(
        (spec.id.as_str(), spec.service.as_str(), spec.price),
        ("some/model", "openrouter", None)
    );
    assert_eq!(config.resolve("anthropic/claude-haiku-5-5").unwrap().name, "haiku");
    let error = config.resolve("sonet").unwrap_err();
    assert_eq!(error.kind, Trouble::Unknown);
    assert!(error.hint.unwrap().contains("`sonnet`"));
    assert!(config.resolve("claude-opus-5-5").unwrap_err().hint.unwrap().contains("`opus`"));
}

#[test]
fn a_key_is_looked_up_when_it_is_used() {
    let config = House::new().env("OPENAI_API_KEY", " k \n").load();
    let service = config.service("openai").unwrap();
    assert_eq!((service.api, service.key.unwrap().reveal()), (Api::OpenaiResponses, "k"));
    assert_eq!(service.key_source.as_deref(), Some("OPENAI_API_KEY"));
    let error = config.service("anthropic").unwrap_err();
    assert_eq!(error.kind, Trouble::Key);
    assert!(error.message.contains("ANTHROPIC_API_KEY"));
    assert!(config.service("antropic").unwrap_err().hint.unwrap().contains("anthropic"));
    let config = House::new().user(
        "[providers.a]\napi = \"gemini\"\nbase_url = \"https://x\"\n[providers.b]\napi = \"anthropic\"\n\
         base_url = \"https://x\"\nkey_command = \"echo secret\"\n[providers.c]\napi = \"anthropic\"\nbase_url = \"x\"",
    );
    let config = config.load();
    assert_eq!(config.service("a").unwrap().api, Api::Gemini);
    assert_eq!(config.service("b").unwrap().key.unwrap().reveal(), "secret");
    assert!(config.service("c").is_err());
    assert!(!format!("{:?}", config.service("b").unwrap()).contains("secret"));
    let config = House::new().env("OPENAI_API_KEY", "canary").load();
    assert!(!format!("{config:?} {:?}", config.service("openai")).contains("canary"));
}

#[test]
fn the_agents_shell_gets_no_key() {
    let own = "[providers.x]\napi = \"anthropic\"\nbase_url = \"https://x\"\nkey_env = \"MY_OWN\"";
    let config = House::new()
        .user(own)
        .env("MY_OWN", "a")
        .env("OPENAI_API_KEY", "b")
        .env("EDITOR", "vi")
        .load();
    let names: Vec<String> =
        config.child_env().into_iter().map(|(name, _)| name.into_string().unwrap()).collect();
    assert!(names.contains(&"EDITOR".to_owned()) && names.contains(&"HOME".to_owned()));
    assert!(!names.contains(&"MY_OWN".to_owned()) && !names.contains(&"OPENAI_API_KEY".to_owned()));
}

#[test]
fn the_terminal_is_known_by_its_variables() {
    let terminal = |pairs: &[(&str, &str)]| {
        let house = pairs.iter().fold(House::new(), |house, (name, value)| house.env(name, value));
        (house.load().terminal, house.load().ui.ascii)
    };
    let (plain, ascii) = terminal(&[("TERM", "xterm")]);
    assert_eq!(
        (plain.term.as_str(), plain.ssh, plain.utf8, plain.color, ascii),
        ("xterm", false, true, Color::Auto, false)
    );
    assert_eq!(terminal(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]).0.color, Color::Never);
    assert_eq!(terminal(&[("COLORTERM", "truecolor")]).0.color, Color::AutoTrue);
    assert_eq!(terminal(&[("TERM", "dumb")]).0.color, Color::Never);
    assert_eq!(terminal(&[("FORCE_COLOR", "1")]).0.color, Color::Always);
    let (latin, ascii) = terminal(&[("LC_ALL", "C"), ("SSH_CONNECTION", "x")]);
    assert!(!latin.utf8 && latin.ssh && ascii);
}

#[test]
fn the_shell_is_one_that_tells_how_commands_end_if_there_is_one() {
    let bin = tempfile::tempdir().unwrap();
    let path = |name: &str| bin.path().join(name);
    for name in ["sh", "zsh", "fish"] {
        std::fs::write(path(name), "").unwrap();
    }
    let chosen = |shell: &str, login: Option<PathBuf>, search: &str| {
        let mut house = House::new().env("SHELL", shell).env("PATH", search);
        house.inputs.login_shell = login;
        house.load().shell
    };
    let own = |name: &str| path(name).to_str().unwrap().to_owned();
    let search = own("");
    assert_eq!(chosen(&own("fish"), Some(path("zsh")), &search), path("fish"));
    assert_eq!(chosen(&own("sh"), Some(path("fish")), &search), path("fish"));
    assert_eq!(chosen("", Some(path("fish")), &search), path("fish"));
    assert_eq!(chosen("", Some("/sbin/nologin".into()), &search), path("zsh"));
    assert_eq!(chosen("/gone/bash", None, &search), path("zsh"));
    assert_eq!(chosen(&own("sh"), None, "/nowhere:relative"), path("sh"));
    assert_eq!(chosen("", None, ""), Path::new("/bin/sh"));
    // A setting is obeyed as it is.
    let house = House::new().env("SHELL", &own("fish")).flag("shell", "/odd/sh");
    assert_eq!(house.load().shell, Path::new("/odd/sh"));
}

#[test]
fn the_clipboard_is_the_users_unless_they_say_otherwise() {
    assert!(!House::new().load().programs_copy);
    let written = House::new().user("[terminal]\nclipboard = \"write\"\n");
    assert!(written.load().programs_copy);
    let wrong = House::new().user("[terminal]\nclipboard = \"read\"\n");
    assert!(wrong.error().message.contains("terminal.clipboard"));
}

#[test]
fn what_stands_around_brisk_is_told_by_its_variables() {
    let around = |name: &str| House::new().env(name, "x").load().terminal.multiplexer;
    assert_eq!(around("TMUX"), Multiplexer::Tmux);
    assert_eq!(around("STY"), Multiplexer::Screen);
    assert_eq!(around("OTHER"), Multiplexer::None);
}

#[test]
fn the_guards_of_all_layers_hold() {
    let guard = |name: &str| format!("[[guard]]\nname = \"{name}\"\npaths = [\"src/{name}/**\"]\n");
    let house = House::new().system(&guard("auth")).user(&(guard("ledger") + &guard("billing")));
    let guards = house.load().guards;
    let names: Vec<_> = guards.iter().map(|guard| guard.name.as_str()).collect();
    assert_eq!(names, ["auth", "ledger", "billing"]);
    assert_eq!(guards[0].paths, ["src/auth/**"]);
}

#[test]
fn a_guard_that_guards_nothing_is_told_with_its_line() {
    let sound = "[[guard]]\nname = \"a\"\npaths = [\"a/**\"]\n";
    for (text, message) in [
        ("name = \"b\"", "the guard `b` needs paths"),
        ("paths = [\"a\"]", "a guard needs a name"),
        (
            "name = \"b\"\npaths = [\"/etc/**\"]",
            "of the guard `b` the path \"/etc/**\" must be from the workspace's root, without ..",
        ),
        (
            "name = \"b\"\npaths = [\"{a\"]",
            "of the guard `b` the path \"{a\" has a brace that is not closed",
        ),
        ("name = \"b\"\npath = [\"a\"]", "unknown key `guard.path`"),
    ] {
        let error = House::new().user(&format!("{sound}[[guard]]\n{text}\n")).error();
        let place = error.place.expect("a file's setting has a place");
        assert_eq!((error.message.as_str(), place.line), (message, 4));
    }
}
