//! Programs and builtins that say something about the machine, print, test, or wait.

use super::super::words::Word;
use super::{Check, Context, Reader};

pub(super) const READERS: &[Reader] = &[
    Reader {
        programs: "true false",
        sub: "",
        check: Check::Words { flags: "", operands: "" },
        matches: &["true"],
        not_matches: &["true *"],
    },
    Reader {
        programs: "pwd",
        sub: "",
        check: Check::Words { flags: "-L -P", operands: "" },
        matches: &["pwd -P"],
        not_matches: &["pwd x", "pwd -x"],
    },
    Reader {
        programs: "cd",
        sub: "",
        check: Check::Own(change_folder),
        matches: &["cd src", "cd ./src && cd .. && ls"],
        not_matches: &[
            "cd",
            "cd ..",
            "cd -",
            "cd /",
            "cd src/*",
            "cd -P src",
            "cd .git",
            "cd src && ls ../..",
        ],
    },
    Reader {
        // What is printed is text, whatever it looks like; but no escapes for the terminal.
        programs: "echo",
        sub: "",
        check: Check::Words { flags: "-n -e -E", operands: "printed*" },
        matches: &["echo hello", "echo 'rm -rf /'", "echo -n a b"],
        not_matches: &[
            "echo $HOME",
            "echo *",
            "echo !!",
            "echo `ls`",
            "echo -e '\\033]52;c;x\\007'",
        ],
    },
    Reader {
        programs: "printf",
        sub: "",
        check: Check::Own(print_formatted),
        matches: &["printf '%s\\n' ok", "printf '%5d %s' 12 x", "printf 'a%%b'", "printf 'a\\tb'"],
        not_matches: &[
            "printf -v x y",
            "printf '%n' 'a[$(x)]'",
            "printf '%d' 'a[0]'",
            "printf '%(x)T'",
            "printf",
        ],
    },
    Reader {
        programs: "test [",
        sub: "",
        check: Check::Own(test),
        matches: &[
            "test -f Cargo.toml",
            "[ -d src ]",
            "[ a = b ]",
            "test 1 -lt 2",
            "[ ! -e x ]",
            "test -z ''",
        ],
        not_matches: &[
            "test -v 'a[x]'",
            "test 'a[x]' -eq 0",
            "test -f /etc/shadow",
            "[ a -o b ]",
            "test -R x",
        ],
    },
    Reader {
        programs: "sleep",
        sub: "",
        check: Check::Words { flags: "", operands: "number" },
        matches: &["sleep 0.1"],
        not_matches: &["sleep infinity", "sleep 1 2"],
    },
    Reader {
        programs: "seq",
        sub: "",
        check: Check::Words { flags: "-w -s=text", operands: "number number number" },
        matches: &["seq 1 5", "seq -w 10"],
        not_matches: &["seq -f %g x", "seq 1 2 3 4"],
    },
    Reader {
        programs: "expr",
        sub: "",
        check: Check::Words { flags: "", operands: "text*" },
        matches: &["expr 1 + 2"],
        not_matches: &["expr 2 * 3", "expr -x"],
    },
    Reader {
        // An operand without a plus, and -s, set the clock.
        programs: "date",
        sub: "",
        check: Check::Words {
            flags: "-u -R -I?=name -d=text --utc --universal --rfc-email --iso-8601?=name --date=text --rfc-3339=name",
            operands: "clock",
        },
        matches: &["date", "date +%s", "date -u +%F", "date -d yesterday"],
        not_matches: &[
            "date -s 2020-01-01",
            "date 01010000",
            "date --set=x",
            "date -f x",
            "date -us x",
        ],
    },
    Reader {
        programs: "cal",
        sub: "",
        check: Check::Words { flags: "-1 -3 -j -m -y -w", operands: "number number" },
        matches: &["cal 2026", "cal"],
        not_matches: &["cal x"],
    },
    Reader {
        programs: "uname",
        sub: "",
        check: Check::Words {
            flags: "-a -s -n -r -v -m -p -i -o --all --kernel-name --kernel-release --machine --operating-system",
            operands: "",
        },
        matches: &["uname -a"],
        not_matches: &["uname -x", "uname a"],
    },
    Reader {
        // An operand names another user, or sets the name.
        programs: "whoami hostname arch nproc uptime tty logname groups locale lscpu",
        sub: "",
        check: Check::Words { flags: "", operands: "" },
        matches: &["whoami", "nproc", "locale"],
        not_matches: &["hostname evil", "hostname -F x", "groups root", "locale charmap"],
    },
    Reader {
        programs: "id",
        sub: "",
        check: Check::Words {
            flags: "-u -g -G -n -r --user --group --groups --name",
            operands: "",
        },
        matches: &["id -un"],
        not_matches: &["id root"],
    },
    Reader {
        programs: "free",
        sub: "",
        check: Check::Words {
            flags: "-b -k -m -g -h -w -t --human --mega --giga --total",
            operands: "",
        },
        matches: &["free -h"],
        not_matches: &["free -s 1"],
    },
    Reader {
        programs: "getconf",
        sub: "",
        check: Check::Words { flags: "-a", operands: "name" },
        matches: &["getconf PAGESIZE"],
        not_matches: &["getconf -v x y", "getconf PATH_MAX /etc"],
    },
    Reader {
        programs: "which",
        sub: "",
        check: Check::Words { flags: "-a", operands: "text*" },
        matches: &["which cargo", "which -a sh"],
        not_matches: &["which --read-alias x"],
    },
    Reader {
        programs: "type",
        sub: "",
        check: Check::Words { flags: "-a -t -p -P -f", operands: "text*" },
        matches: &["type ls", "type -a ls"],
        not_matches: &["type -x ls"],
    },
    Reader {
        programs: "command",
        sub: "-v",
        check: Check::Words { flags: "", operands: "text*" },
        matches: &["command -v cargo"],
        not_matches: &["command ls", "command -p ls", "command -x"],
    },
    Reader {
        programs: "whereis",
        sub: "",
        check: Check::Words { flags: "-b -m -s", operands: "name*" },
        matches: &["whereis ls"],
        not_matches: &["whereis -B /x -f ls"],
    },
    Reader {
        // Not those that a toolchain file of the project can replace, such as cargo.
        programs: "bash zsh fish python python3 node gcc g++ clang make cmake perl ruby jq rg curl tar java",
        sub: "--version",
        check: Check::Words { flags: "", operands: "" },
        matches: &["python3 --version", "node --version"],
        not_matches: &[
            "curl --version -o x",
            "cargo --version",
            "python3 -V x.py",
            "make --version -f x",
        ],
    },
];

fn change_folder(words: &[Word], context: &Context<'_>) -> Result<(), String> {
    match words {
        [to] if !to.glob && !to.text.is_empty() && !to.text.starts_with(['-', '+']) => {
            context.path(to)
        }
        _ => Err("goes to a folder that is not named".to_owned()),
    }
}

/// Whether a printing program would make control characters of it, but for the ends of lines and tabs.
pub(super) fn escapes(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == '\\' && chars.next().is_some_and(|next| "abceEfrvxuU01234567".contains(next)) {
            return true;
        }
    }
    false
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `%n` writes a variable, `%d` may evaluate its argument as a program would.
fn print_formatted(words: &[Word], _: &Context<'_>) -> Result<(), String> {
    let not_understood = || "prints in a way that is not understood".to_owned();
    let [format, arguments @ ..] = words else { return Err(not_understood()) };
    if format.text.starts_with('-') || words.iter().any(|word| word.glob) {
        return Err(not_understood());
    }
    if words.iter().any(|word| escapes(&word.text)) {
        return Err("prints control characters".to_owned());
    }
    let mut pieces = format.text.split('%');
    pieces.next();
    while let Some(piece) = pieces.next() {
        if piece.is_empty() {
            // Two of them are one that is printed.
            pieces.next();
            continue;
        }
        let width =
            |char: char| char.is_ascii_digit() || matches!(char, '-' | '+' | ' ' | '0' | '.');
        match piece.trim_start_matches(width).chars().next() {
            Some('s' | 'b' | 'c' | 'q') => {}
            Some('d' | 'i' | 'u' | 'x' | 'X' | 'o')
                if arguments.iter().all(|word| is_number(&word.text)) => {}
            Some('d') if arguments.len() > 1 && numbers_where_needed(&format.text, arguments) => {}
            _ => return Err(not_understood()),
        }
    }
    Ok(())
}

/// Whether each argument of a `%d` is a number, for a format that is used once.
fn numbers_where_needed(format: &str, arguments: &[Word]) -> bool {
    let conversions: Vec<char> = format
        .split('%')
        .skip(1)
        .map(|piece| piece.chars().find(char::is_ascii_alphabetic).unwrap_or('%'))
        .collect();
    conversions.len() == arguments.len()
        && conversions
            .iter()
            .zip(arguments)
            .all(|(conversion, word)| matches!(conversion, 's' | 'b') || is_number(&word.text))
}

/// The tests of one file, one text, two texts, two numbers. `-v` and the arithmetic of other words
/// may run what a subscript holds.
fn test(words: &[Word], context: &Context<'_>) -> Result<(), String> {
    let words = match words {
        [inner @ .., last] if last.text == "]" && last.bare => inner,
        all => all,
    };
    if words.iter().any(|word| word.glob) {
        return Err("holds a wildcard, which may stand for anything".to_owned());
    }
    let words = match words {
        [not, rest @ ..] if not.text == "!" && !rest.is_empty() => rest,
        all => all,
    };
    const FILE: [&str; 17] = [
        "-e", "-f", "-d", "-r", "-w", "-x", "-s", "-L", "-h", "-b", "-c", "-p", "-S", "-g", "-u",
        "-k", "-O",
    ];
    let not_understood = "tests in a way that is not understood";
    match words {
        [text] if !text.text.starts_with('-') => Ok(()),
        [operator, path] if FILE.contains(&operator.text.as_str()) => context.path(path),
        [operator, _] if matches!(operator.text.as_str(), "-n" | "-z") => Ok(()),
        [left, operator, right] => match operator.text.as_str() {
            "=" | "==" | "!=" => Ok(()),
            "-nt" | "-ot" | "-ef" => context.path(left).and_then(|()| context.path(right)),
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"
                if is_number(&left.text) && is_number(&right.text) =>
            {
                Ok(())
            }
            _ => Err(not_understood.to_owned()),
        },
        _ => Err(not_understood.to_owned()),
    }
}
