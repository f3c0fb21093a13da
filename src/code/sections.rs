//! What encloses the lines of a configuration: the table of a TOML file, the keys of JSON and
//! YAML, the elements of XML, the blocks of a build script.

/// Of each line the names around it, the outermost first; the key or the element that the line
/// itself opens comes last. Empty for a file of another kind.
pub(super) fn of(path: &str, text: &[u8]) -> Vec<Vec<String>> {
    /// Larger ones were written by a program.
    const FILE_BYTES_MAX: usize = 4 << 20;
    if text.len() > FILE_BYTES_MAX {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(text);
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map_or(name, |(_, ending)| ending) {
        "toml" | "ini" | "cfg" | "Pipfile" | "coveragerc" | "lock" => tables(&text),
        "json" | "jsonc" | "json5" => keys(&text),
        "yaml" | "yml" => indented(&text),
        "xml" | "csproj" | "fsproj" | "vbproj" | "props" | "targets" => elements(&text),
        "gradle" | "kts" | "groovy" | "tf" | "hcl" | "mod" => blocks(&text),
        _ => Vec::new(),
    }
}

const DEPTH_MAX: usize = 64;

fn tables(text: &str) -> Vec<Vec<String>> {
    let mut table: Vec<String> = Vec::new();
    let mut key: Option<String> = None;
    let mut open = 0_usize;
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if open == 0 && line.starts_with('[') {
            let inner = line.trim_matches(|char| matches!(char, '[' | ']'));
            let parts = inner.split('.').take(DEPTH_MAX);
            table = parts.map(|part| part.trim_matches(['"', '\'', ' ']).to_owned()).collect();
            key = None;
            found.push(table.clone());
            continue;
        }
        if open == 0 {
            let name = line.split_once('=').map(|(name, _)| name);
            key = name.map(|name| name.trim().trim_matches(['"', '\'']).to_owned());
        }
        open = (open + line.matches('[').count()).saturating_sub(line.matches(']').count());
        found.push(table.iter().chain(&key).cloned().collect());
    }
    found
}

fn keys(text: &str) -> Vec<Vec<String>> {
    let mut stack: Vec<String> = Vec::new();
    let mut last = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let mut within = stack.clone();
        let mut opened = false;
        let mut quoted: Option<String> = None;
        let mut escaped = false;
        for char in line.chars() {
            if let Some(inner) = &mut quoted {
                match char {
                    '"' if !escaped => last = quoted.take().unwrap_or_default(),
                    _ => inner.push(char),
                }
                escaped = char == '\\' && !escaped;
                continue;
            }
            match char {
                '"' => quoted = Some(String::new()),
                ':' if !opened => {
                    within.push(last.clone());
                    opened = true;
                }
                '{' | '[' if stack.len() < DEPTH_MAX => stack.push(std::mem::take(&mut last)),
                '}' | ']' => drop(stack.pop()),
                _ => {}
            }
        }
        within.retain(|name| !name.is_empty());
        found.push(within);
    }
    found
}

fn indented(text: &str) -> Vec<Vec<String>> {
    let mut stack: Vec<(usize, String)> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let body = line.trim_start_matches([' ', '-']);
        if body.is_empty() || body.starts_with('#') {
            found.push(stack.iter().map(|(_, name)| name.clone()).collect());
            continue;
        }
        let depth = line.len() - body.len();
        stack.retain(|(above, _)| *above < depth);
        stack.truncate(DEPTH_MAX);
        let key = body.split_once(':').map(|(key, _)| key.trim_matches(['"', '\'']));
        if let Some(key) = key {
            stack.push((depth, key.to_owned()));
        }
        found.push(stack.iter().map(|(_, name)| name.clone()).collect());
    }
    found
}

fn elements(text: &str) -> Vec<Vec<String>> {
    let mut stack: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let mut within = stack.clone();
        for tag in line.split('<').skip(1) {
            if let Some(name) = tag.strip_prefix('/') {
                let name = name.split('>').next().unwrap_or_default();
                if let Some(at) = stack.iter().rposition(|open| open == name) {
                    stack.truncate(at);
                }
                continue;
            }
            let end = tag.find(|char: char| char.is_whitespace() || "/>".contains(char));
            let name = &tag[..end.unwrap_or(tag.len())];
            if name.is_empty() || name.starts_with(['!', '?']) {
                continue;
            }
            within.push(name.to_owned());
            if !tag.contains("/>") && stack.len() < DEPTH_MAX {
                stack.push(name.to_owned());
            }
        }
        found.push(within);
    }
    found
}

fn blocks(text: &str) -> Vec<Vec<String>> {
    let mut stack: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let mut within = stack.clone();
        let end = line.trim_start().find(|char: char| !char.is_alphanumeric() && char != '_');
        let word = &line.trim_start()[..end.unwrap_or(line.trim_start().len())];
        for char in line.chars() {
            match char {
                '{' | '(' if stack.len() < DEPTH_MAX => {
                    stack.push(word.to_owned());
                    within.push(word.to_owned());
                }
                '}' | ')' => drop(stack.pop()),
                _ => {}
            }
        }
        found.push(within);
    }
    found
}
