//! Python: what is configured, by a virtual environment's programs before those of `PATH`.

use super::{Check, Look};
use crate::protocol::GateKind;
use toml::{Table, Value};

const PROJECT: &str = "pyproject.toml";
const VENVS: [&str; 2] = [".venv", "venv"];

pub(super) fn checks(look: &Look<'_>, notes: &mut Vec<String>) -> Vec<Check> {
    let python = Python { look, project: look.toml(PROJECT).unwrap_or_default() };
    let mut checks = Vec::new();
    let mut add = |kind, asked: Option<&str>, tool: &str, arguments: &str| {
        let Some(file) = asked else { return };
        match python.program(tool) {
            Some(program) => {
                let command = format!("{program} {arguments}");
                checks.push(Check::new("python", kind, command.trim_end(), file));
            }
            None => look.missing(tool, file, notes),
        }
    };
    let ruff = python.asks(&["ruff"], &["ruff.toml", ".ruff.toml"], &[]);
    let black = python.asks(&["black"], &[], &[]);
    match black {
        Some(_) => add(GateKind::Format, black, "black", "--check ."),
        None => add(GateKind::Format, python.ruff_formats(), "ruff", "format --check ."),
    }
    let flake8 = [("setup.cfg", "flake8"), ("tox.ini", "flake8")];
    match ruff {
        Some(_) => add(GateKind::Lint, ruff, "ruff", "check ."),
        None => add(GateKind::Lint, python.asks(&[], &[".flake8"], &flake8), "flake8", ""),
    }
    let mypy = python.asks(&["mypy"], &["mypy.ini", ".mypy.ini"], &[("setup.cfg", "mypy")]);
    match mypy {
        Some(_) => add(GateKind::Types, mypy, "mypy", python.mypy_targets()),
        None => {
            let pyright = python.asks(&["pyright"], &["pyrightconfig.json"], &[]);
            add(GateKind::Types, pyright, "pyright", "");
        }
    }
    let sections = [("setup.cfg", "tool:pytest"), ("tox.ini", "pytest")];
    let pytest = python
        .asks(&["pytest"], &["pytest.ini", ".pytest.ini", "conftest.py"], &sections)
        .or_else(|| python.has_tests().filter(|_| python.venv("pytest").is_some()));
    match pytest {
        Some(_) => add(GateKind::Test, pytest, "pytest", "-q"),
        None => add(GateKind::Test, python.unittest().as_deref(), "python3", "-m unittest"),
    }
    checks
}

struct Python<'a> {
    look: &'a Look<'a>,
    project: Table,
}

impl<'a> Python<'a> {
    /// The file that configures the tool: a table of pyproject.toml, a file of its own, a section.
    fn asks<'b>(
        &self,
        tables: &[&str],
        files: &[&'b str],
        sections: &[(&'b str, &str)],
    ) -> Option<&'b str> {
        let tool = self.project.get("tool").and_then(Value::as_table);
        let table = tables.iter().any(|name| tool.is_some_and(|tool| tool.contains_key(*name)));
        let file = || files.iter().copied().find(|file| self.look.has(file));
        let section = || {
            let found = sections.iter().find(|(file, section)| self.look.section(file, section));
            found.map(|(file, _)| *file)
        };
        if table { Some(PROJECT) } else { file().or_else(section) }
    }

    /// Only who configures ruff's formatter uses it.
    fn ruff_formats(&self) -> Option<&'static str> {
        let format = |table: &Table| table.contains_key("format");
        let own = |name: &str| self.look.toml(name).is_some_and(|table| format(&table));
        let tool = self.project.get("tool").and_then(|tool| tool.get("ruff")?.as_table());
        if tool.is_some_and(format) {
            return Some(PROJECT);
        }
        ["ruff.toml", ".ruff.toml"].into_iter().find(|name| own(name))
    }

    /// Without targets of its own it is given the folder.
    fn mypy_targets(&self) -> &'static str {
        let table = self.project.get("tool").and_then(|tool| tool.get("mypy"));
        let named = ["files", "packages", "modules"];
        let own = named.iter().any(|key| table.is_some_and(|table| table.get(key).is_some()));
        let in_file = ["mypy.ini", ".mypy.ini", "setup.cfg"].iter().any(|file| {
            let text = self.look.text(file).unwrap_or_default();
            text.lines().any(|line| line.starts_with("files") || line.starts_with("packages"))
        });
        if own || in_file { "" } else { "." }
    }

    /// As a command line names it.
    fn program(&self, tool: &str) -> Option<String> {
        self.venv(tool).or_else(|| self.look.program(tool).map(|_| tool.to_owned()))
    }

    fn venv(&self, tool: &str) -> Option<String> {
        let names = VENVS.map(|venv| format!("{venv}/bin/{tool}"));
        names.into_iter().find(|name| self.look.runs(name))
    }

    /// A folder or file of tests.
    fn has_tests(&self) -> Option<&'static str> {
        ["tests", "test"]
            .into_iter()
            .find(|folder| self.look.names(folder).iter().any(|name| is_test(name)))
    }

    /// A test that is written for unittest, where discovery finds it: here, or in a package.
    fn unittest(&self) -> Option<String> {
        let here = self.look.names(".").into_iter();
        let packages = ["tests", "test"].into_iter();
        let packages = packages.filter(|folder| self.look.has(&format!("{folder}/__init__.py")));
        let inside = packages.flat_map(|folder| {
            self.look.names(folder).into_iter().map(move |name| format!("{folder}/{name}"))
        });
        here.chain(inside).filter(|path| is_test(path)).find(|path| {
            let text = self.look.text(path).unwrap_or_default();
            text.contains("import unittest") || text.contains("from unittest")
        })
    }
}

fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("test") && name.ends_with(".py")
}
