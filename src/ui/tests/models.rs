//! Choosing a model: what the list shows at every size, and what keys do to it.

use super::screens::check;
use super::stage::Stage;
use crate::protocol::{Body, EditFormat, Effort, ModelSpec, Op, Price, Setting};
use crate::ui::models::{ModelOffer, sorted};

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 50), (40, 10)];

fn offer(name: &str, id: &str, service: &str, lacks: Option<&str>) -> ModelOffer {
    let spec = ModelSpec::plain(name, id, service, 136_000, 64_000);
    ModelOffer { spec, dialect: "openai-chat".into(), lacks: lacks.map(str::to_owned) }
}

fn offers() -> Vec<ModelOffer> {
    let price = |input, output| Some(Price { input, cached: 0.3, cache_write: input, output });
    let no_key = Some("ANTHROPIC_API_KEY is not set");
    let mut sonnet = offer("sonnet", "claude-sonnet-4-6", "anthropic", no_key);
    sonnet.spec.price = price(3.0, 15.0);
    let mut coder = offer("small-coder", "small-coder-1", "acme", None);
    coder.spec.price = price(0.25, 2.0);
    coder.spec.efforts = vec![Effort::Minimal, Effort::Low, Effort::High];
    coder.spec.edits = EditFormat::ApplyPatch;
    coder.spec.fallback = Some("plain".into());
    let long = "a-model-with-a-name-that-is-too-long-for-any-column";
    vec![
        sonnet,
        coder,
        offer("plain", "plain-7b", "ollama", None),
        offer(long, "vendor/very-long", "openrouter", None),
    ]
}

fn stage(columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::new(columns, rows);
    stage.app.models = sorted(offers());
    stage
}

fn set(ops: &[Op]) -> Option<&str> {
    match ops {
        [] => None,
        [Op::Set(Setting::Model(name))] => Some(name),
        other => panic!("{other:?}"),
    }
}

fn is_open(stage: &Stage) -> bool {
    stage.app.overlay.is_some()
}

#[test]
fn the_list_of_models() {
    for (columns, rows) in SIZES {
        let mut stage = stage(columns, rows);
        stage.type_text("/model");
        stage.press("Enter");
        check("models", columns, rows, &stage.show());
    }
}

#[test]
fn the_list_of_models_in_ascii_with_one_that_has_no_key() {
    for (columns, rows) in SIZES {
        let mut stage = stage(columns, rows);
        stage.app.theme = stage.app.theme.clone().with_ascii();
        stage.press("Alt+p");
        stage.press("End");
        let shown = stage.show();
        check("models_ascii", columns, rows, &shown);
        // What is cut off has its own sign everywhere.
        assert!(shown.contains("sonnet") && shown.replace('…', "").is_ascii(), "{shown}");
    }
}

#[test]
fn the_current_model_is_selected_and_typing_narrows_the_list() {
    let mut stage = stage(120, 40);
    stage.press("Alt+p");
    assert!(stage.show().contains(">✓ small-coder"), "{}", stage.show());
    stage.type_text("olla 7B");
    let shown = stage.show();
    assert!(shown.contains(">  plain") && !shown.contains("✓ small-coder"), "{shown}");
    let ops = stage.press("Enter");
    assert_eq!(set(&ops), Some("plain"));
    assert!(!is_open(&stage));
    stage.event(Body::Setting(Setting::Model("plain".into())));
    let header = stage.show().lines().next().unwrap_or_default().to_owned();
    assert!(header.contains("plain"), "{header}");
}

#[test]
fn a_model_without_a_key_says_what_it_lacks_and_is_not_chosen() {
    let mut stage = stage(80, 24);
    stage.press("Alt+p");
    stage.type_text("sonnet");
    assert!(stage.show().contains("ANTHROPIC_API_KEY is not set; or: brisk auth login anthropic"));
    assert_eq!(set(&stage.press("Enter")), None);
    assert!(is_open(&stage) && stage.show().contains("sonnet cannot be used"));
    stage.press("Ctrl+U");
    assert!(stage.show().contains("small-coder"));
    stage.press("Esc");
    assert!(!is_open(&stage));
}

#[test]
fn a_name_goes_without_the_list_and_an_id_that_no_list_has_can_be_typed() {
    let mut stage = stage(80, 24);
    stage.type_text("/model plain");
    let ops = stage.press("Enter");
    assert_eq!((set(&ops), is_open(&stage)), (Some("plain"), false));
    stage.press("Alt+p");
    stage.type_text("nothing");
    assert_eq!(set(&stage.press("Enter")), None);
    stage.press("Ctrl+U");
    stage.msg(crate::ui::update::Msg::Paste("ollama/new-coder:30b\n".into()));
    assert!(stage.show().contains("ollama/new-coder:30b  as you typed it"), "{}", stage.show());
    let ops = stage.press("Enter");
    assert_eq!(set(&ops), Some("ollama/new-coder:30b"));
}

#[test]
fn a_long_list_follows_what_is_selected() {
    let mut stage = Stage::new(80, 24);
    let many = (0..200).map(|number| offer(&format!("model-{number:03}"), "x", "acme", None));
    stage.app.models = sorted(many.collect());
    stage.press("Alt+p");
    for _ in 0..150 {
        stage.press("Down");
    }
    assert!(stage.show().contains(">  model-150"), "{}", stage.show());
    stage.press("Home");
    assert!(stage.show().contains(">  model-000"));
}
