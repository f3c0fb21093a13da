//! What was learnt of each model's tokens, kept in a file for later sessions.

use crate::model::Estimator;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Models that are remembered; then the one that was learnt of longest ago is forgotten.
const MODELS_MAX: usize = 64;
/// Bytes of the file; a larger one is not of this program.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A file that may be lost, or be unreadable, at any time: then estimates begin anew.
pub(super) struct Calibration {
    file: PathBuf,
    keeps: Keeps,
    kept: Vec<Figure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    Everything,
    /// As an ephemeral session does, which learns from others all the same.
    Nothing,
}

/// Of one model at one service.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Figure {
    pub(super) service: String,
    /// The service's own name of it.
    pub(super) model: String,
    pub(super) bytes_per_token: f64,
}

impl Figure {
    fn is_of(&self, service: &str, model: &str) -> bool {
        self.service == service && self.model == model
    }
}

impl Calibration {
    /// The file `tokens.json` in the folder of all sessions' state.
    pub(super) fn load(state: &Path, keeps: Keeps) -> Calibration {
        let file = state.join("tokens.json");
        Calibration { kept: read(&file), file, keeps }
    }

    /// As earlier sessions have left it.
    pub(super) fn estimator(&self, service: &str, model: &str) -> Estimator {
        let kept = self.kept.iter().rfind(|figure| figure.is_of(service, model));
        kept.and_then(|figure| Estimator::learnt(figure.bytes_per_token)).unwrap_or_default()
    }

    /// Adds these to what other sessions may have kept meanwhile. The file is whole at any time.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn keep(&self, figures: Vec<Figure>) -> io::Result<()> {
        let mut kept = read(&self.file);
        let new: Vec<_> = figures.into_iter().filter(|figure| !kept.contains(figure)).collect();
        if self.keeps == Keeps::Nothing || new.is_empty() {
            return Ok(());
        }
        let is_old = |old: &Figure| new.iter().any(|new| new.is_of(&old.service, &old.model));
        kept.retain(|old| !is_old(old));
        kept.extend(new);
        kept.drain(..kept.len().saturating_sub(MODELS_MAX));
        let mut file = tempfile::NamedTempFile::new_in(self.file.parent().unwrap_or(&self.file))?;
        file.write_all(&serde_json::to_vec(&kept)?)?;
        file.persist(&self.file).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Oldest first; nothing, if it is no such file.
fn read(file: &Path) -> Vec<Figure> {
    let small = fs::metadata(file).is_ok_and(|about| about.len() <= FILE_BYTES_MAX);
    let text = if small { fs::read(file).unwrap_or_default() } else { Vec::new() };
    serde_json::from_slice(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(model: &str, bytes_per_token: f64) -> Figure {
        Figure { service: "acme".into(), model: model.into(), bytes_per_token }
    }

    fn learnt(state: &Path, model: &str) -> Option<f64> {
        Calibration::load(state, Keeps::Everything).estimator("acme", model).bytes_per_token()
    }

    #[test]
    fn each_models_newest_figure_is_kept_beside_those_of_other_sessions() {
        let state = tempfile::tempdir().unwrap();
        let (one, other) = (
            Calibration::load(state.path(), Keeps::Everything),
            Calibration::load(state.path(), Keeps::Everything),
        );
        one.keep(vec![figure("a", 3.0), figure("b", 4.0)]).unwrap();
        other.keep(vec![figure("a", 3.5), figure("c", 2.5)]).unwrap();
        let all = ["a", "b", "c", "d"].map(|model| learnt(state.path(), model));
        assert_eq!(all, [Some(3.5), Some(4.0), Some(2.5), None]);
        let elsewhere = Calibration::load(state.path(), Keeps::Everything).estimator("other", "a");
        assert_eq!(elsewhere.bytes_per_token(), None, "another service may count otherwise");
        let ephemeral = Calibration::load(state.path(), Keeps::Nothing);
        ephemeral.keep(vec![figure("a", 5.0)]).unwrap();
        assert_eq!(ephemeral.estimator("acme", "a").bytes_per_token(), Some(3.5));
        assert_eq!(learnt(state.path(), "a"), Some(3.5));
    }

    #[test]
    fn the_oldest_figures_are_forgotten_and_a_file_that_is_none_is_replaced() {
        let state = tempfile::tempdir().unwrap();
        let large = "[".repeat(FILE_BYTES_MAX as usize + 1);
        for wrong in ["{ broken", "[{\"service\":1}]", &large] {
            fs::write(state.path().join("tokens.json"), wrong).unwrap();
            assert_eq!(learnt(state.path(), "0"), None);
        }
        let calibration = Calibration::load(state.path(), Keeps::Everything);
        for number in 0..=MODELS_MAX {
            calibration.keep(vec![figure(&number.to_string(), 3.0)]).unwrap();
        }
        assert_eq!(learnt(state.path(), "0"), None);
        assert_eq!(learnt(state.path(), "1"), Some(3.0));
        assert_eq!(learnt(state.path(), &MODELS_MAX.to_string()), Some(3.0));
        let impossible = serde_json::to_string(&[figure("a", 400.0)]).unwrap();
        fs::write(state.path().join("tokens.json"), impossible).unwrap();
        assert_eq!(learnt(state.path(), "a"), None);
    }
}
