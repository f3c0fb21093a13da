//! Results of scanners in SARIF 2.1.0, as far as a reviewer needs them: rule, level, text, place.

mod bounded;
mod uri;

use super::read::{DIAGNOSTICS_MAX, Paths, shown};
use crate::protocol::{Diagnostic, Severity};
use bounded::{List, Table};
use serde::Deserialize;

/// A larger document is not read.
pub const SARIF_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Of a document, a run, a result, and names of a rule or run: more are left out.
const RUNS_MAX: usize = 16;
const RESULTS_MAX: usize = 10_000;
const RULES_MAX: usize = 10_000;
const PLACES_MAX: usize = 8;
const NAMES_MAX: usize = 32;
const TEXT_COLUMNS_MAX: usize = 300;
const SOURCE_COLUMNS_MAX: usize = 80;

/// What a scanner found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Those with a place in the workspace; the worst first, else in the scanner's order.
    pub diagnostics: Vec<Diagnostic>,
    /// All results of a level, those without a place and those that did not fit included.
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
    /// There were more than are looked at.
    pub cut: bool,
}

/// Reads a document. `root` is the workspace's root as the scanner saw it, `folder` where it ran,
/// from there.
///
/// # Errors
/// One clause for people: why it is no SARIF.
pub fn read(document: &[u8], root: &str, folder: &str) -> Result<Scanned, String> {
    if document.len() > SARIF_BYTES_MAX {
        return Err(format!("it has more than {} MB", SARIF_BYTES_MAX / (1024 * 1024)));
    }
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let log: Log =
        serde_json::from_slice(document).map_err(|error| format!("it is no SARIF: {error}"))?;
    if !log.version.starts_with("2.") {
        return Err(format!("it is SARIF {}, not 2.1.0", shown(&log.version, 20)));
    }
    let paths = Paths { root: root.trim_end_matches('/').to_owned(), folder: folder.to_owned() };
    let mut scanned = Scanned { cut: log.runs.more, ..Scanned::default() };
    for run in &log.runs.items {
        run.read(&paths, &mut scanned);
    }
    scanned.diagnostics.sort_by_key(|said| std::cmp::Reverse(said.severity));
    scanned.diagnostics.truncate(DIAGNOSTICS_MAX);
    Ok(scanned)
}

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: List<Run, RUNS_MAX>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    #[serde(default)]
    results: List<Outcome, RESULTS_MAX>,
    tool: Option<Tool>,
    #[serde(default)]
    original_uri_base_ids: Bases,
}

type Bases = Table<Artifact, NAMES_MAX>;

#[derive(Deserialize)]
struct Tool {
    driver: Option<Driver>,
}

#[derive(Deserialize)]
struct Driver {
    name: Option<String>,
    #[serde(default)]
    rules: List<Rule, RULES_MAX>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: Option<String>,
    default_configuration: Option<Configuration>,
    short_description: Option<Message>,
    #[serde(default)]
    message_strings: Table<Message, NAMES_MAX>,
}

#[derive(Deserialize)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    rule: Option<Named>,
    level: Option<String>,
    kind: Option<String>,
    baseline_state: Option<String>,
    message: Option<Message>,
    #[serde(default)]
    locations: List<Location, PLACES_MAX>,
    #[serde(default)]
    suppressions: List<Suppression, PLACES_MAX>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
    index: Option<i64>,
}

#[derive(Deserialize)]
struct Suppression {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
    markdown: Option<String>,
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Option<Physical>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Option<Artifact>,
    region: Option<Region>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: Option<String>,
    uri_base_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<i64>,
}

impl Run {
    fn read(&self, paths: &Paths, scanned: &mut Scanned) {
        scanned.cut |= self.results.more;
        for outcome in self.results.items.iter().filter(|outcome| outcome.counts()) {
            let rule = self.rule(outcome);
            let severity = level(outcome, rule);
            match severity {
                Severity::Error => scanned.errors += 1,
                Severity::Warning => scanned.warnings += 1,
                Severity::Note => scanned.notes += 1,
            }
            let Some((path, line)) = self.place(outcome, paths) else { continue };
            let source = shown(&self.source(outcome, rule), SOURCE_COLUMNS_MAX);
            let text = shown(text(outcome, rule), TEXT_COLUMNS_MAX);
            scanned.diagnostics.push(Diagnostic { path, line, severity, source, text });
        }
    }

    fn driver(&self) -> Option<&Driver> {
        self.tool.as_ref()?.driver.as_ref()
    }

    fn rule(&self, outcome: &Outcome) -> Option<&Rule> {
        let rules = &self.driver()?.rules.items;
        let named = outcome.rule.as_ref();
        let index = outcome.rule_index.or(named.and_then(|named| named.index));
        let by_index = index.and_then(|index| rules.get(usize::try_from(index).ok()?));
        by_index.or_else(|| {
            let id = outcome.id()?;
            rules.iter().find(|rule| rule.id.as_deref() == Some(id))
        })
    }

    fn source(&self, outcome: &Outcome, rule: Option<&Rule>) -> String {
        let tool = self.driver().and_then(|driver| driver.name.as_deref()).unwrap_or("scan");
        let tool = tool.split_whitespace().next().unwrap_or("scan").to_lowercase();
        let rule = outcome.id().or(rule.and_then(|rule| rule.id.as_deref())).unwrap_or_default();
        format!("{tool} {rule}")
    }

    /// The first place that is in the workspace; a result without a line is about the file.
    fn place(&self, outcome: &Outcome, paths: &Paths) -> Option<(String, u32)> {
        outcome.locations.items.iter().find_map(|location| {
            let place = location.physical_location.as_ref()?;
            let artifact = place.artifact_location.as_ref()?;
            let path = paths.resolve(&uri::path(artifact, &self.original_uri_base_ids)?)?;
            let line = place.region.as_ref().and_then(|region| region.start_line).unwrap_or(1);
            Some((path, u32::try_from(line).ok()?.max(1)))
        })
    }
}

impl Outcome {
    fn id(&self) -> Option<&str> {
        let named = self.rule.as_ref().and_then(|rule| rule.id.as_deref());
        self.rule_id.as_deref().or(named)
    }

    /// Whether it is a finding, and nobody has said that it is none.
    fn counts(&self) -> bool {
        let is = |word: &Option<String>, wanted: &str| word.as_deref() == Some(wanted);
        let standing = |suppression: &Suppression| {
            !is(&suppression.status, "rejected") && !is(&suppression.status, "underReview")
        };
        self.kind.as_deref().is_none_or(|kind| kind == "fail")
            && !is(&self.baseline_state, "absent")
            && !self.suppressions.items.iter().any(standing)
    }
}

/// The result's own, else its rule's, else a warning, as the standard has it.
fn level(outcome: &Outcome, rule: Option<&Rule>) -> Severity {
    let of_rule = || rule?.default_configuration.as_ref()?.level.as_deref();
    match outcome.level.as_deref().or_else(of_rule) {
        Some("error") => Severity::Error,
        Some("note" | "none") => Severity::Note,
        _ => Severity::Warning,
    }
}

fn text<'a>(outcome: &'a Outcome, rule: Option<&'a Rule>) -> &'a str {
    let message = outcome.message.as_ref();
    let by_id = || {
        let id = message?.id.as_ref()?;
        rule?.message_strings.get(id)?.words()
    };
    let of_rule = || rule?.short_description.as_ref()?.words();
    let own = message.and_then(Message::words);
    own.or_else(by_id).or_else(of_rule).or(outcome.id()).unwrap_or("a finding without a text")
}

impl Message {
    fn words(&self) -> Option<&str> {
        self.text.as_deref().or(self.markdown.as_deref()).filter(|text| !text.trim().is_empty())
    }
}

#[cfg(test)]
mod tests;
