//! What the settings say of the network: how long is waited for what, and whom to trust.

use super::{Config, seconds};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSettings {
    pub connect: Wait,
    pub first_byte: Wait,
    pub idle: Wait,
    pub total: Wait,
    pub silence: Wait,
    /// Certificates in PEM of authorities that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
}

/// None: for as long as it takes.
pub type Wait = Option<Duration>;

impl Config {
    pub fn network(&self) -> NetworkSettings {
        let wait = |name: &str| {
            let wait = self.text(&["network", name]).and_then(|text| seconds(&text));
            wait.filter(|wait| *wait > 0).map(Duration::from_secs)
        };
        let named =
            self.text(&["network", "ca_file"]).and_then(|text| match text.strip_prefix("~/") {
                Some(below) => self.paths.home.as_deref().map(|home| home.join(below)),
                None => Some(PathBuf::from(text)),
            });
        let usual = || self.inputs.var("SSL_CERT_FILE").map(PathBuf::from);
        NetworkSettings {
            connect: wait("connect"),
            first_byte: wait("first_byte"),
            idle: wait("idle"),
            total: wait("total"),
            silence: wait("silence"),
            ca_file: named.or_else(usual),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::House;
    use std::path::PathBuf;
    use std::time::Duration;

    #[test]
    fn waits_have_defaults_and_0_is_for_ever() {
        let house = House::new().user("[network]\nidle = \"10m\"\ntotal = \"0s\"\n");
        let network = house.load().network();
        assert_eq!(network.idle, Some(Duration::from_secs(600)));
        assert_eq!(network.total, None);
        assert_eq!(network.connect, Some(Duration::from_secs(10)));
    }

    #[test]
    fn the_file_of_certificates_is_the_named_one_or_the_usual_variable_s() {
        let ca_file = |house: House| house.load().network().ca_file;
        assert_eq!(ca_file(House::new()), None);
        let usual = || House::new().env("SSL_CERT_FILE", "/etc/ca.pem");
        assert_eq!(ca_file(usual()), Some(PathBuf::from("/etc/ca.pem")));
        let named = usual().user("[network]\nca_file = \"~/ca.pem\"\n");
        let home = named.load().paths.home.unwrap_or_default();
        assert_eq!(ca_file(named), Some(home.join("ca.pem")));
    }
}
