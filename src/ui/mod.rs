//! The terminal front end: state, update, view.

mod diff;
mod highlight;
mod markdown;
mod row;
mod theme;

/// Rows as text with the style of each piece that has one: `<blue+bold>heading</>`.
#[cfg(test)]
fn annotated(rows: &[ratatui::text::Line<'_>]) -> String {
    let name = |style: ratatui::style::Style| {
        let fg = style.fg.map(|color| color.to_string().to_lowercase());
        let bg = style.bg.map(|color| format!("on {}", color.to_string().to_lowercase()));
        let modifiers = style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase());
        fg.into_iter().chain(bg).chain(modifiers).collect::<Vec<_>>().join("+")
    };
    let row = |line: &ratatui::text::Line<'_>| -> String {
        let span = |span: &ratatui::text::Span<'_>| match name(line.style.patch(span.style)) {
            name if name.is_empty() => span.content.to_string(),
            name => format!("<{name}>{}</>", span.content),
        };
        line.spans.iter().map(span).collect()
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("ui__{name}"), text));
}
