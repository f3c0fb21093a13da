//! What one line of markdown begins. Pure; what it means among others is for the splitter.

/// Columns of blanks at the start; a tab reaches to the next multiple of four.
pub(super) fn indent_of(line: &str) -> usize {
    let mut columns = 0;
    for byte in line.bytes() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

pub(super) fn interrupts_flow(line: &str, indent: usize) -> bool {
    let item = marker(line, indent)
        .is_some_and(|marker| marker.has_text && marker.ordinal.is_none_or(|(n, _)| n == 1));
    // A row of dashes makes a heading of the line above it.
    let underline = line.trim().bytes().all(|byte| byte == b'-');
    item || is_heading(line, indent)
        || fence(line, indent).is_some()
        || is_rule(line, indent) && !underline
}

pub(super) fn interrupts_item(line: &str, indent: usize) -> bool {
    marker(line, indent).is_some()
        || is_heading(line, indent)
        || fence(line, indent).is_some()
        || is_rule(line, indent)
}

pub(super) fn is_heading(line: &str, indent: usize) -> bool {
    let body = line.trim_start();
    let hashes = body.bytes().take_while(|byte| *byte == b'#').count();
    let after = body.as_bytes().get(hashes);
    indent < 4 && (1..=6).contains(&hashes) && after.is_none_or(u8::is_ascii_whitespace)
}

pub(super) fn is_rule(line: &str, indent: usize) -> bool {
    let mut marks = line.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let Some(mark @ (b'-' | b'*' | b'_')) = marks.next() else { return false };
    indent < 4 && marks.clone().count() >= 2 && marks.all(|byte| byte == mark)
}

/// The mark of a fence that opens here and how often it stands.
pub(super) fn fence(line: &str, indent: usize) -> Option<(u8, usize)> {
    let body = line.trim_start();
    let mark = *body.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
    let length = body.bytes().take_while(|byte| *byte == mark).count();
    let inline = mark == b'`' && body[length..].contains('`');
    (indent < 4 && length >= 3 && !inline).then_some((mark, length))
}

pub(super) struct Marker {
    /// The column where the item's text starts.
    pub(super) content: usize,
    pub(super) has_text: bool,
    /// The number and what stands behind it.
    pub(super) ordinal: Option<(u64, u8)>,
}

pub(super) fn marker(line: &str, indent: usize) -> Option<Marker> {
    let body = line.trim_start();
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let (length, ordinal) = match (digits, body.as_bytes().get(digits)?) {
        (0, b'-' | b'*' | b'+') => (1, None),
        (1..=9, delimiter @ (b'.' | b')')) => {
            (digits + 1, Some((body[..digits].parse().ok()?, *delimiter)))
        }
        _ => return None,
    };
    let after = &body[length..];
    let has_text = !after.trim().is_empty();
    let spaces = indent_of(after);
    let table = after.contains('|') && line.bytes().all(|byte| b"-:| \t".contains(&byte));
    if indent >= 4 || has_text && spaces == 0 || is_rule(line, indent) || table {
        return None;
    }
    let gap = if has_text && spaces <= 4 { spaces } else { 1 };
    Some(Marker { content: indent + length + gap, has_text, ordinal })
}
