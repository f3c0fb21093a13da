//! What the settings say of gates.

use super::{Config, seconds};
use crate::protocol::{GateRun, GateSetting, GateSettings, GateWhen};
use toml::Value;

impl Config {
    pub fn gates(&self) -> GateSettings {
        let find = self.layers.get(&["gates", "find"]).and_then(Value::as_bool).unwrap_or(true);
        let names = self.layers.names("gates").into_iter();
        GateSettings { find, gates: names.map(|name| self.gate(name)).collect() }
    }

    fn gate(&self, name: String) -> GateSetting {
        let text = |field: &str| self.text(&["gates", &name, field]);
        let run = match self.layers.get(&["gates", &name, "run"]) {
            None => GateRun::Found,
            Some(Value::String(command)) => GateRun::Command(command.clone()),
            Some(_) => GateRun::Off,
        };
        let when = text("when");
        let when = GateWhen::ALL.into_iter().find(|known| Some(known.name()) == when.as_deref());
        let timeout_seconds = text("timeout").and_then(|text| seconds(&text));
        let sarif = text("sarif");
        GateSetting { name, run, when, timeout_seconds, sarif }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::House;

    #[test]
    fn a_gate_is_a_command_line_a_table_or_false() {
        let config = House::new()
            .user(
                "[gates]\ncheck = \"cargo check --quiet\"\nlint = false\n\
                 test = { run = \"cargo test\", when = \"edit\", timeout = \"5m\" }\n\
                 \"web/scan\" = { sarif = \"out/scan.sarif\" }\n",
            )
            .load();
        let found = config.gates();
        assert!(found.find);
        let names: Vec<_> = found.gates.iter().map(|gate| gate.name.as_str()).collect();
        assert_eq!(names, ["check", "lint", "test", "web/scan"]);
        let [check, lint, test, scan] = &found.gates[..] else { panic!("{found:?}") };
        assert_eq!(check.run, GateRun::Command("cargo check --quiet".to_owned()));
        assert_eq!((&lint.run, lint.when), (&GateRun::Off, None));
        assert_eq!((test.when, test.timeout_seconds), (Some(GateWhen::Edit), Some(300)));
        assert_eq!(scan.run, GateRun::Found);
        assert_eq!(scan.sarif.as_deref(), Some("out/scan.sarif"));
    }

    #[test]
    fn a_stronger_layer_replaces_the_command_and_keeps_the_rest() {
        let house = House::new()
            .system("[gates]\nfind = false\ntest = { run = \"slow\", timeout = \"5m\" }\n")
            .user("[gates]\ntest = \"fast\"\n");
        let test = |house: &House| house.load().gates().gates.remove(0);
        let setting = test(&house);
        assert_eq!(setting.run, GateRun::Command("fast".to_owned()));
        assert_eq!(setting.timeout_seconds, Some(300));
        assert!(!house.load().gates().find);
        let said = house.load().get("gates.test");
        assert_eq!(said, Some(Value::String("fast".to_owned())));
        let off = house.flag("gates.test", "false");
        assert_eq!(test(&off).run, GateRun::Off);
        let bare = off.flag("gates.test", "make test");
        assert_eq!(test(&bare).run, GateRun::Command("make test".to_owned()));
    }

    #[test]
    fn what_cannot_be_a_gate_is_said() {
        for (text, word) in [
            ("test = true", "or false"),
            ("test = \" \"", "a command line"),
            ("test = { run = true }", "or false"),
            ("test = { whem = \"edit\" }", "gates.test.when"),
            ("test = { when = \"never\" }", "edit, turn, apply"),
            ("test = { timeout = 5 }", "a duration"),
            ("test = { sarif = \"../x\" }", "inside the project"),
            ("test = { sarif = \"/x\" }", "inside the project"),
            ("find = { run = \"x\" }", "unknown key `gates.find.run`"),
            ("find = \"x\"", "true or false"),
        ] {
            let error = House::new().user(&format!("[gates]\n{text}\n")).error();
            let said = format!("{error} {}", error.hint.clone().unwrap_or_default());
            assert!(said.contains(word) && error.place.is_some(), "{text}: {said}");
        }
    }
}
