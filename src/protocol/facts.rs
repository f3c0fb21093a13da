//! What a parser says of a changed file, for whoever judges the change; and what a user wants
//! guarded. Plain values: nothing here judges.

/// Of one changed file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The file holds tests and nothing else, by its path.
    pub test_file: bool,
    /// What callers see and what changed of it.
    pub interface: Vec<InterfaceChange>,
    pub tests: Vec<TestChange>,
    /// The changed lines, in the order of the diff; comments and blank lines among them.
    pub touched: Vec<Touched>,
    /// All imports of both sides.
    pub imports: Vec<Import>,
}

/// A line of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub side: Side,
    /// From 1.
    pub line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Old,
    New,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceChange {
    pub kind: InterfaceKind,
    /// `function send`, `method Store::flush`.
    pub what: String,
    pub spot: Spot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    Removed,
    /// It is still there, and seen by fewer.
    Hidden,
    Changed,
    /// Added, and whoever implements, matches or builds has to know it.
    Demanded,
    /// Added, and nobody has to care.
    Added,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestChange {
    pub kind: TestKind,
    /// The test's name; empty where it is not known.
    pub test: String,
    pub spot: Spot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKind {
    Removed,
    /// Skipped, disabled, expected to fail.
    Ignored,
    /// The others are not run.
    Alone,
    /// An assertion is gone, or asks something else.
    Weakened,
    /// It ends before it asks.
    Cut,
    /// A row of its table is gone.
    CaseRemoved,
}

/// A changed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub spot: Spot,
    /// Without comments and without what stands in quotes; empty if nothing is left.
    pub code: String,
    /// What stands in quotes.
    pub strings: Vec<String>,
    /// The names of what encloses the line, the outermost first: definitions, sections, keys. A
    /// line that opens a section is in it.
    pub within: Vec<String>,
    /// It belongs to a test.
    pub in_test: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// As the language writes it: `django.contrib.auth`, `ring::signature`, `@stripe/stripe-js`.
    pub module: String,
    /// The names that it brings.
    pub names: Vec<String>,
    pub spot: Spot,
    /// It differs between the sides.
    pub touched: bool,
}

/// Files that a user always wants to be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardPaths {
    /// Of a built-in guard, or a new one.
    pub name: String,
    /// Globs from the workspace's root: `*`, `**`, `?`, `{a,b}`.
    pub paths: Vec<String>,
}
