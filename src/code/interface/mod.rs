//! What callers see of a file, as a list of signatures without their layout, and what differs
//! between two such lists.

mod go;
mod java;
mod python;
mod rust;
mod script;

use super::Half;
use super::language::Language;
use crate::protocol::{InterfaceChange, InterfaceKind, Side, Spot};
use std::collections::{BTreeMap, BTreeSet};

/// Declarations within declarations, at most.
const NESTING_MAX: usize = 16;

/// Something that callers can name.
#[derive(Debug)]
struct Item {
    /// With what it belongs to: `Store::flush`. Several may share one: overloads, platforms.
    name: String,
    /// `function`, `field`.
    what: &'static str,
    /// What callers depend on besides the name; no layout, no body.
    signature: String,
    /// From 1.
    line: u32,
    /// When it is added, whoever implements, matches or builds the thing it belongs to has to
    /// know it.
    demanded: bool,
}

#[derive(Debug, Default)]
struct Interface {
    items: Vec<Item>,
    /// All names, also of what nobody else sees.
    declared: BTreeSet<String>,
    /// Of what an item may belong to.
    between: &'static str,
}

impl Interface {
    fn add(&mut self, what: &'static str, name: String, signature: String, line: u32) {
        self.items.push(Item { name, what, signature, line, demanded: false });
    }

    fn demand(&mut self, demanded: bool) {
        if let Some(item) = self.items.last_mut() {
            item.demanded = demanded;
        }
    }

    fn declare(&mut self, name: &str) {
        self.declared.insert(name.to_owned());
    }

    fn path(&self, above: &str, name: &str) -> String {
        if above.is_empty() { name.to_owned() } else { format!("{above}{}{name}", self.between) }
    }

    fn of(half: &Half<'_>) -> Option<Interface> {
        let (language, tree) = half.tree.as_ref()?;
        let (root, source) = (tree.root_node(), half.text);
        Some(match language {
            Language::Rust => rust::read(root, source),
            Language::Python => python::read(root, source),
            Language::TypeScript => script::read(root, source),
            Language::Go => go::read(root, source),
            Language::Java => java::read(root, source),
        })
    }
}

/// By line; a change is at its line in the new text.
pub(super) fn changes(path: &str, before: &Half<'_>, after: &Half<'_>) -> Vec<InterfaceChange> {
    let (Some(mut old), Some(mut new)) = (Interface::of(before), Interface::of(after)) else {
        return Vec::new();
    };
    let package = path.ends_with("/__init__.py") || path == "__init__.py";
    for (interface, half) in [(&mut old, before), (&mut new, after)] {
        if package && let Some((_, tree)) = &half.tree {
            python::exports(interface, tree.root_node(), half.text);
        }
    }
    let mut names: BTreeMap<&str, (Vec<&Item>, Vec<&Item>)> = BTreeMap::new();
    for item in &old.items {
        names.entry(&item.name).or_default().0.push(item);
    }
    for item in &new.items {
        names.entry(&item.name).or_default().1.push(item);
    }
    let mut found = Vec::new();
    for (name, (mut olds, mut news)) in names {
        // What is on both sides is the same, in whatever order.
        olds.retain(|item| {
            let same = news.iter().position(|other| other.signature == item.signature);
            same.map(|at| news.remove(at)).is_none()
        });
        let mut news = news.into_iter();
        for item in olds {
            let (kind, item, side) = match news.next() {
                Some(item) => (InterfaceKind::Changed, item, Side::New),
                None if new.declared.contains(name) => (InterfaceKind::Hidden, item, Side::Old),
                None => (InterfaceKind::Removed, item, Side::Old),
            };
            found.push(change(kind, item, side));
        }
        for item in news {
            // With all that it belongs to it asks nothing of anybody.
            let parent = name.rsplit_once(new.between).map(|(parent, _)| parent);
            let known = parent.is_some_and(|name| old.items.iter().any(|item| item.name == name));
            let demanded = item.demanded && known;
            let kind = if demanded { InterfaceKind::Demanded } else { InterfaceKind::Added };
            found.push(change(kind, item, Side::New));
        }
    }
    found.sort_by_key(|change| (change.spot.line, change.spot.side));
    found
}

fn change(kind: InterfaceKind, item: &Item, side: Side) -> InterfaceChange {
    let what = format!("{} {}", item.what, item.name);
    InterfaceChange { kind, what, spot: Spot { side, line: item.line } }
}
