use super::House;
use crate::config::{Trouble, schema};
use crate::protocol::{Api, Effort, Found, Price, Secret, Thinking};
use std::collections::BTreeSet;

const LOCAL: &str =
    "[providers.near]\napi = \"openai-chat\"\nbase_url = \"http://127.0.0.1:9/v1\"\n";

#[test]
fn every_model_of_the_catalog_is_sound() {
    let config = House::new().load();
    let mut seen = BTreeSet::new();
    for name in config.model_names() {
        let field = |field: &str| config.text(&["models", &name, field]);
        assert!(field("api").is_none_or(|api| schema::APIS.contains(&api.as_str())), "{name}");
        let (provider, id) = (field("provider").unwrap(), field("id").unwrap());
        assert!(config.providers().contains(&provider), "{name}");
        assert!(seen.insert((provider, id)), "{name} is there twice");
        let short = name.len() <= 16 && name.chars().all(|char| !char.is_uppercase());
        assert!(short && !name.contains('/'), "{name} is typed by people");
        let spec = config.resolve(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(spec.prompt + spec.output <= spec.context, "{spec:?}");
        assert!(spec.prompt >= 8_000 && spec.output >= 4_000, "{spec:?}");
        assert!(spec.context <= 2_000_000, "{spec:?}");
        assert!(spec.efforts.is_sorted(), "{spec:?}");
        assert!(spec.thinking == Thinking::Effort || !spec.efforts.is_empty(), "{spec:?}");
        if let Some(Price { input, cached, cache_write, output }) = spec.price {
            assert!(cached <= input && input <= cache_write && input < output, "{spec:?}");
            assert!(input > 0.0 && output <= 200.0, "{spec:?}");
        }
    }
    let served: BTreeSet<String> = seen.into_iter().map(|(provider, _)| provider).collect();
    for provider in config.providers() {
        let has_models = served.contains(&provider);
        // A deployment is the user's own, and so is what a local server serves.
        let own = provider == "azure" || config.locals().contains(&provider);
        assert!(has_models != own, "{provider}");
    }
}

#[test]
fn every_wire_that_the_config_may_name_is_spoken() {
    assert_eq!(schema::APIS, Api::ALL.map(Api::name));
}

#[test]
fn azure_is_where_its_variable_says() {
    let error = House::new().env("AZURE_OPENAI_API_KEY", "k").load().service("azure").unwrap_err();
    assert!(error.message.contains("AZURE_OPENAI_ENDPOINT"), "{error}");
    for endpoint in ["https://x.openai.azure.com", "https://x.openai.azure.com/openai/v1/"] {
        let house = House::new().env("AZURE_OPENAI_ENDPOINT", endpoint);
        assert!(!house.load().is_usable("azure"), "without a key");
        let config = house.env("AZURE_OPENAI_API_KEY", "k").load();
        assert!(config.is_usable("azure"));
        let service = config.service("azure").unwrap();
        assert_eq!(service.base_url, "https://x.openai.azure.com/openai/v1");
    }
}

#[test]
fn auto_leaves_copilot_alone_unless_the_user_wants_it() {
    let house = House::new().env("GH_COPILOT_TOKEN", "t");
    assert_eq!(house.load().chosen().unwrap_err().kind, Trouble::NoModel);
    let own = "[models.mine]\nprovider = \"copilot\"\nid = \"x\"\n";
    let house = house.user(own);
    assert_eq!(house.load().chosen().unwrap_err().kind, Trouble::NoModel);
    assert_eq!(house.load().resolve("mine").unwrap().service, "copilot");
    let house = house.user(&format!("{own}[providers.copilot]\nauto = true"));
    assert_eq!(house.load().chosen().unwrap().service, "copilot");
    let config = House::new().load();
    config.stored_keys().store("copilot", &Secret::new("t".to_owned())).unwrap();
    assert_eq!(config.chosen().unwrap().service, "copilot", "who logs in wants it");
}

#[test]
fn github_models_and_copilot_have_keys_of_their_own() {
    let config = House::new().env("GITHUB_TOKEN", "t").load();
    assert!(config.is_usable("github") && !config.is_usable("copilot"));
    let config = House::new().env("BRISK_COPILOT_CLIENT_ID", "Iv1.x").load();
    assert_eq!(config.text(&["providers", "copilot", "client_id"]).as_deref(), Some("Iv1.x"));
    assert!(!config.is_usable("copilot"));
}

#[test]
fn a_fallback_names_a_model() {
    let own = |fallback: &str| {
        format!("{LOCAL}[models.a]\nprovider = \"near\"\nid = \"a\"\nfallback = \"{fallback}\"")
    };
    let config = House::new().user(&own("haiku")).load();
    let fallback = config.fallback(&config.resolve("a").unwrap()).unwrap().unwrap();
    assert_eq!(fallback.name, "haiku");
    let config = House::new().user(&own("near/b")).load();
    assert_eq!(config.fallback(&config.resolve("a").unwrap()).unwrap().unwrap().id, "b");
    let config = House::new().user(&own("hiaku")).load();
    let error = config.resolve("a").unwrap_err();
    assert_eq!(error.message, "`models.a.fallback` names `hiaku`, which is no model");
    assert_eq!(error.hint.as_deref(), Some("did you mean `haiku`?"));
    let config = House::new().user(&own("far/b")).load();
    assert!(config.resolve("a").unwrap_err().message.contains("`far/b`, which is no model"));
}

#[test]
fn what_a_service_says_wins_over_the_catalog_and_the_user_over_both() {
    let found = Found {
        id: "x".into(),
        context: Some(8192),
        efforts: Some(vec![Effort::Low]),
        price: Some(Price { input: 9.0, cached: 9.0, cache_write: 9.0, output: 9.0 }),
        ..Found::default()
    };
    let completed = |own: &str, name: &str| {
        let config = House::new().user(&format!("{LOCAL}{own}")).load();
        config.completed(config.resolve(name).unwrap(), &found)
    };
    let plain = completed("", "near/x");
    assert_eq!((plain.context, plain.prompt, plain.output), (8192, 6144, 2048));
    assert_eq!((plain.efforts.as_slice(), plain.price), (&[Effort::Low][..], found.price));
    let catalog = completed("", "sonnet");
    assert_eq!((catalog.context, catalog.prompt, catalog.output), (8192, 6144, 2048));
    let own = "[models.sonnet]\ncontext = 16000\noutput = 1000\nefforts = [\"high\"]\n\
               price = { input = 1.0, output = 2.0 }";
    let own = completed(own, "sonnet");
    assert_eq!((own.context, own.prompt, own.output), (16_000, 15_000, 1000));
    assert_eq!((own.efforts, own.price.unwrap().input), (vec![Effort::High], 1.0));
    let silent = House::new().load();
    let spec = silent.resolve("sonnet").unwrap();
    assert_eq!(silent.completed(spec.clone(), &Found::default()), spec);
}

#[test]
fn a_small_window_leaves_room_for_a_question() {
    let own = format!("{LOCAL}[models.a]\nprovider = \"near\"\nid = \"a\"\ncontext = 8192");
    let spec = House::new().user(&own).load().resolve("a").unwrap();
    assert_eq!((spec.prompt, spec.output), (6144, 2048));
}

#[test]
fn only_a_window_that_nothing_is_said_of_is_asked_for() {
    let own = format!(
        "{LOCAL}[models.a]\nprovider = \"near\"\nid = \"a\"\n\
         [models.b]\nprovider = \"near\"\nid = \"b\"\nprompt = 4000"
    );
    let config = House::new().user(&own).load();
    let knows = |name: &str| config.knows_window(&config.resolve(name).unwrap());
    assert!(knows("sonnet") && knows("b"));
    assert!(!knows("a") && !knows("near/c"));
}

#[test]
fn servers_of_this_machine_are_those_without_a_key() {
    let config = House::new().load();
    assert_eq!(config.locals(), ["ollama", "llamacpp", "lmstudio", "vllm"]);
    let own = format!(
        "{LOCAL}[providers.far]\napi = \"openai-chat\"\nbase_url = \"http://10.0.0.7/v1\"\n\
         [providers.keyed]\napi = \"openai-chat\"\nbase_url = \"http://localhost:1/v1\"\n\
         key_env = \"X\"\n[providers.six]\napi = \"openai-chat\"\nbase_url = \"http://[::1]:9/v1\"\n"
    );
    let house = House::new().user(&own).env("BRISK_AUTO_LOCAL", "0");
    assert_eq!(house.load().locals(), ["near", "six"], "the usual ports are not asked");
    let moved = "[providers.ollama]\nbase_url = \"http://127.0.0.1:7/v1\"";
    let house = House::new().user(moved).env("BRISK_AUTO_LOCAL", "0");
    assert_eq!(house.load().locals(), ["ollama"], "the user named this one");
}
