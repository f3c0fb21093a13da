//! What the grammars' scopes mean to a reader.

use super::super::theme::Role;
use std::sync::OnceLock;
use syntect::parsing::Scope;

/// The first that a scope begins with counts, so the narrow ones come first.
const MEANINGS: &[(&str, Role)] = &[
    ("comment", Role::Comment),
    ("punctuation.definition.comment", Role::Comment),
    ("punctuation.definition.string", Role::String),
    ("punctuation.definition.keyword", Role::Keyword),
    ("punctuation.definition.heading", Role::Heading),
    ("punctuation", Role::Punctuation),
    ("string.other.link", Role::Accent),
    ("string", Role::String),
    ("constant.numeric", Role::Number),
    ("constant.character.escape", Role::Constant),
    ("constant", Role::Constant),
    ("keyword.operator.word", Role::Keyword),
    ("keyword.operator", Role::Punctuation),
    ("keyword", Role::Keyword),
    ("storage.modifier", Role::Keyword),
    ("storage.type.function", Role::Keyword),
    ("storage", Role::Keyword),
    ("entity.name.function", Role::Function),
    ("entity.name.macro", Role::Function),
    ("entity.name.tag", Role::Keyword),
    ("entity.name.section", Role::Heading),
    ("entity.name", Role::Type),
    ("entity.other.inherited-class", Role::Type),
    ("entity.other.attribute-name", Role::Function),
    ("support.function", Role::Function),
    ("support.macro", Role::Function),
    ("support.constant", Role::Constant),
    ("support.type.property-name", Role::Function),
    ("support", Role::Type),
    ("variable.function", Role::Function),
    ("variable.language", Role::Constant),
    ("variable.annotation", Role::Function),
    ("meta.annotation", Role::Function),
    ("markup.heading", Role::Heading),
    ("markup.raw", Role::Code),
    ("markup.underline.link", Role::Accent),
    ("markup.inserted", Role::Added),
    ("markup.deleted", Role::Removed),
    ("invalid", Role::Error),
];

/// The role of text within these scopes, outermost first: the innermost that means something.
pub(super) fn role(scopes: &[Scope]) -> Role {
    let inner = scopes.iter().rev().find_map(|scope| meaning(*scope));
    inner.unwrap_or(Role::CodeBlock)
}

fn meaning(scope: Scope) -> Option<Role> {
    static TABLE: OnceLock<Vec<(Scope, Role)>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let parse = |(name, role): &(&str, Role)| Some((Scope::new(name).ok()?, *role));
        MEANINGS.iter().filter_map(parse).collect()
    });
    let found = table.iter().find(|(prefix, _)| prefix.is_prefix_of(scope));
    found.map(|(_, role)| *role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_in_the_table_is_one_and_can_be_reached() {
        for (index, (name, _)) in MEANINGS.iter().enumerate() {
            let scope = Scope::new(name).expect("it is a scope");
            let hides = |(prefix, _): &&(&str, Role)| {
                Scope::new(prefix).expect("it is a scope").is_prefix_of(scope)
            };
            let first = MEANINGS[..index].iter().find(hides);
            assert_eq!(first, None, "{name} is hidden");
        }
    }
}
