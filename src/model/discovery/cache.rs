//! What far services said of their models, kept in a file so that a start need not ask again.

use crate::protocol::{Found, Service};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of the file; a larger one is not of this program.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// A file that may be lost, or be unreadable, at any time.
#[derive(Debug)]
pub struct Cache {
    file: PathBuf,
    services: BTreeMap<String, Answer>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Answer {
    /// Seconds since 1970.
    at: u64,
    models: Vec<Found>,
}

impl Cache {
    /// The file `models.json` in this folder.
    pub fn load(folder: &Path) -> Cache {
        let file = folder.join("models.json");
        let small = fs::metadata(&file).is_ok_and(|about| about.len() <= FILE_BYTES_MAX);
        let text = if small { fs::read(&file).unwrap_or_default() } else { Vec::new() };
        Cache { services: serde_json::from_slice(&text).unwrap_or_default(), file }
    }

    /// What the service said less than a day before.
    pub fn get(&self, service: &Service, now: SystemTime) -> Option<&[Found]> {
        let answer = self.services.get(&key(service))?;
        let said = UNIX_EPOCH.checked_add(Duration::from_secs(answer.at))?;
        // One that was said in the future holds no longer than any other.
        let age = now.duration_since(said).ok()?;
        (age < HOLDS).then_some(&answer.models)
    }

    /// Keeps what the service said, also for others: the file is whole at any time.
    ///
    /// # Errors
    ///
    /// The file cannot be written; what was said is kept in memory all the same.
    pub fn put(
        &mut self,
        service: &Service,
        models: Vec<Found>,
        now: SystemTime,
    ) -> std::io::Result<()> {
        let at = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.services.insert(key(service), Answer { at, models });
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(&serde_json::to_vec(&self.services)?)?;
        new.persist(&self.file).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Two providers of one name at two addresses are two.
fn key(service: &Service) -> String {
    format!("{} {}", service.name, service.base_url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Api;

    fn service(base_url: &str) -> Service {
        let (api, base_url) = (Api::OpenaiChat, base_url.into());
        Service { name: "acme".into(), api, base_url, key: None, key_source: None }
    }

    #[test]
    fn an_answer_is_kept_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let (acme, other) = (service("https://acme/v1"), service("https://other/v1"));
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let models = vec![Found { id: "a".into(), context: Some(9), ..Found::default() }];
        Cache::load(folder.path()).put(&acme, models.clone(), now).unwrap();
        let cache = Cache::load(folder.path());
        assert_eq!(cache.get(&acme, now + HOLDS / 2), Some(&models[..]));
        assert_eq!(cache.get(&other, now), None);
        assert_eq!(cache.get(&acme, now + HOLDS), None, "a day has passed");
        assert_eq!(cache.get(&acme, now - HOLDS), None, "the clock was set back");
    }

    #[test]
    fn a_file_that_is_none_is_as_good_as_no_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("models.json"), "{ broken").unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(5);
        let mut cache = Cache::load(folder.path());
        assert_eq!(cache.get(&service("https://acme/v1"), now), None);
        cache.put(&service("https://acme/v1"), Vec::new(), now).unwrap();
        let again = Cache::load(folder.path());
        assert_eq!(again.get(&service("https://acme/v1"), now), Some(&[][..]));
    }
}
