//! Programs that search text and reshape it on its way to their output.

use super::{Check, Reader};

pub(super) const READERS: &[Reader] = &[
    Reader {
        // Not -f (patterns from a file) and not -R (follows links).
        programs: "grep egrep fgrep",
        sub: "",
        check: Check::Words {
            flags: "-E -F -G -P -i -y -v -w -x -c -L -l -o -q -s -b -H -h -n -T -Z -a -I -r -z -U -e=pattern -m=number \
                    -A=number -B=number -C=number -NUM --regexp=pattern --extended-regexp --fixed-strings \
                    --basic-regexp --perl-regexp --ignore-case --no-ignore-case --invert-match --word-regexp \
                    --line-regexp --count --color?=name --colour?=name --files-without-match --files-with-matches \
                    --max-count=number --only-matching --quiet --silent --no-messages --byte-offset --with-filename \
                    --no-filename --line-number --label=text --initial-tab --null --after-context=number \
                    --before-context=number --context=number --text --binary-files=name --exclude=text \
                    --include=text --exclude-dir=text --recursive --null-data --line-buffered",
            operands: "pattern path*",
        },
        matches: &[
            "grep -rn 'TODO' src",
            "grep --include='*.rs' -rl main .",
            "grep -e a -e b f",
            "grep -A3 x f",
            "grep -c /etc/passwd f",
            "grep -n x src/*.rs",
        ],
        not_matches: &[
            "grep -f pats x",
            "grep x /etc/passwd",
            "grep -e x /etc/passwd",
            "grep -rn x ..",
            "grep -n KEY .env",
            "grep -R x .",
            "grep --file=p x",
            "grep x *",
            "grep -nf p x",
        ],
    },
    Reader {
        // Not --pre and --hostname-bin (run a program), -z (runs decompressors), -f, -L (follows links), -u.
        programs: "rg",
        sub: "",
        check: Check::Words {
            flags: "-A=number -B=number -C=number -c -e=pattern -E=name -F -g=text -H -h -I -i -l -M=number -m=number -N \
                    -n -o -P -p -q -S -s -T=name -t=name -U -v -V -w -x -0 -j=number -d=number -r=text \
                    --after-context=number --before-context=number --context=number --count --count-matches \
                    --regexp=pattern --fixed-strings --glob=text --iglob=text --with-filename --no-filename \
                    --ignore-case --files-with-matches --files-without-match --max-columns=number --max-count=number \
                    --max-depth=number --line-number --no-line-number --only-matching --pcre2 --pretty --quiet \
                    --smart-case --case-sensitive --sort=name --sortr=name --stats --type=name --type-not=name \
                    --type-list! --files! --multiline --multiline-dotall --trim --invert-match --vimgrep \
                    --word-regexp --line-regexp --color=name --colors=text --heading --no-heading --column --json \
                    --no-messages --no-config --null --threads=number --passthru --replace=text --version! --crlf",
            operands: "pattern path*",
        },
        matches: &[
            "rg TODO",
            "rg -t rust -C 3 'struct Foo'",
            "rg --files src",
            "rg -g '*.rs' -n x .",
        ],
        not_matches: &[
            "rg --pre ./p x",
            "rg -z foo",
            "rg --hostname-bin ./p foo",
            "rg -f p x",
            "rg x /etc",
            "rg --files /etc",
            "rg --search-zip x",
            "rg -L x",
            "rg -uuu x",
            "rg -e x ~",
        ],
    },
    Reader {
        // Not -x and -X (run a program), -l (runs ls), -L (follows links). It shows names only.
        programs: "fd fdfind",
        sub: "",
        check: Check::Words {
            flags: "-H -I -u -s -i -g -F -a -p -0 -1 -q -d=number -t=name -e=name -E=text -S=size -c=name -j=number \
                    --hidden --no-ignore --case-sensitive --ignore-case --glob --fixed-strings --absolute-path \
                    --full-path --print0 --max-depth=number --min-depth=number --type=name --extension=name \
                    --exclude=text --size=size --color=name --max-results=number --quiet --changed-within=size",
            operands: "pattern path*",
        },
        matches: &["fd main src", "fd -e rs", "fd -t f -H x"],
        not_matches: &[
            "fd --exec-batch touch x",
            "fd -x rm",
            "fd x /",
            "fd -l",
            "fd -e rs -X rm",
            "fd --base-directory / x",
        ],
    },
    Reader {
        // Not -o, -T, --compress-program, --files0-from; and no abbreviation of them.
        programs: "sort",
        sub: "",
        check: Check::Words {
            flags: "-b -d -f -g -i -M -h -n -R -r -V -c -C -m -s -u -z -k=name -t=text --ignore-leading-blanks \
                    --dictionary-order --ignore-case --general-numeric-sort --month-sort --human-numeric-sort \
                    --numeric-sort --reverse --version-sort --check --merge --stable --unique --key=name \
                    --field-separator=text --zero-terminated --sort=name",
            operands: "path*",
        },
        matches: &["sort -u -k2 names.txt", "sort -rn", "sort -t: -k1,2 a"],
        not_matches: &[
            "sort -o a b",
            "sort -uo a b",
            "sort --compress-prog=./p a",
            "sort -T /x a",
            "sort --files0-from=x",
            "sort --out=a b",
            "sort a -o b",
            "sort -t",
        ],
    },
    Reader {
        // The second operand is the output.
        programs: "uniq",
        sub: "",
        check: Check::Words {
            flags: "-c -d -D -i -u -z -f=number -s=number -w=number --count --repeated --unique --ignore-case \
                    --skip-fields=number --skip-chars=number --check-chars=number",
            operands: "| path",
        },
        matches: &["uniq -c names.txt", "uniq"],
        not_matches: &["uniq a b", "uniq -c a -- b", "uniq a*.txt", "uniq a -c"],
    },
    Reader {
        programs: "cut",
        sub: "",
        check: Check::Words {
            flags: "-b=name -c=name -d=text -f=name -n -s -z --bytes=name --characters=name --delimiter=text \
                    --fields=name --complement --only-delimited --output-delimiter=text",
            operands: "path*",
        },
        matches: &["cut -d: -f1 names.txt", "cut -d ' ' -f 2-3", "cut -c1-80 a"],
        not_matches: &["cut -d: -f1 /etc/passwd", "cut -x a"],
    },
    Reader {
        programs: "tr",
        sub: "",
        check: Check::Words {
            flags: "-c -C -d -s -t --complement --delete --squeeze-repeats --truncate-set1",
            operands: "text text",
        },
        matches: &["tr a-z A-Z", "tr -d '\\n'"],
        not_matches: &["tr a b c", "tr -x a b", "tr a *"],
    },
    Reader {
        // One row for each number of values: a value that is none would be a path that nobody looks at.
        programs: "tac rev",
        sub: "",
        check: Check::Words { flags: "-b -r --before --regex", operands: "path*" },
        matches: &["tac README.md", "rev a"],
        not_matches: &["tac -s x a", "tac /etc/passwd"],
    },
    Reader {
        programs: "nl",
        sub: "",
        check: Check::Words {
            flags: "-b=name -f=name -h=name -i=number -l=number -n=name -p -s=text -v=number -w=number \
                    --body-numbering=name --number-width=number --starting-line-number=number",
            operands: "path*",
        },
        matches: &["nl -ba src/main.rs", "nl a"],
        not_matches: &["nl /etc/passwd", "nl -x a"],
    },
    Reader {
        programs: "expand unexpand",
        sub: "",
        check: Check::Words {
            flags: "-t=number -a -i --tabs=number --all --initial",
            operands: "path*",
        },
        matches: &["expand names.txt", "expand -t 4 a"],
        not_matches: &["expand -t /etc/passwd", "unexpand ~"],
    },
    Reader {
        programs: "fold fmt",
        sub: "",
        check: Check::Words { flags: "-s -w=number --spaces --width=number", operands: "path*" },
        matches: &["fold -w 80 a", "fmt -w 72 a"],
        not_matches: &["fold /etc/passwd", "fmt -t /etc/passwd"],
    },
    Reader {
        programs: "paste",
        sub: "",
        check: Check::Words {
            flags: "-d=text -s -z --delimiters=text --serial",
            operands: "path*",
        },
        matches: &["paste -sd, a", "paste a b"],
        not_matches: &["paste a .env", "paste -x"],
    },
    Reader {
        programs: "comm",
        sub: "",
        check: Check::Words {
            flags: "-1 -2 -3 -i -z --total --check-order --nocheck-order",
            operands: "path path",
        },
        matches: &["comm -12 a b"],
        not_matches: &["comm -12 a /etc/passwd", "comm a b c"],
    },
    Reader {
        programs: "column",
        sub: "",
        check: Check::Words { flags: "-t -x -s=text -c=number", operands: "path*" },
        matches: &["column -t a", "column -t -s, a"],
        not_matches: &["column -t /etc/passwd", "column --help-me"],
    },
    Reader {
        programs: "base64 base32",
        sub: "",
        check: Check::Words {
            flags: "-d -D -i -w=number --decode --wrap=number --ignore-garbage",
            operands: "path",
        },
        matches: &["base64 names.txt", "base64 -d a"],
        not_matches: &["base64 a b", "base64 -o x a", "base64 id_rsa"],
    },
    Reader {
        programs: "od",
        sub: "",
        check: Check::Words {
            flags: "-A=name -t=name -N=size -j=size -v -w?=number -a -b -c -d -f -i -l -o -s -x",
            operands: "path*",
        },
        matches: &["od -c a", "od -A x -t x1z a"],
        not_matches: &["od /dev/sda", "od --help-me"],
    },
    Reader {
        programs: "hexdump",
        sub: "",
        check: Check::Words { flags: "-C -b -c -d -o -x -v -n=size -s=size", operands: "path*" },
        matches: &["hexdump -C a"],
        not_matches: &["hexdump -f x a", "hexdump /dev/mem"],
    },
    Reader {
        // The second operand is the output, and -r writes into it; xxd bundles no flags.
        programs: "xxd",
        sub: "",
        check: Check::Words {
            flags: "-p -u -i -b -e -l=size -s=size -c=number -g=number",
            operands: "| path",
        },
        matches: &["xxd a", "xxd -l 64 a", "xxd -p a"],
        not_matches: &["xxd a b", "xxd -r a b", "xxd -r a", "xxd -revert a", "xxd a -p"],
    },
    Reader {
        programs: "strings",
        sub: "",
        check: Check::Words {
            flags: "-a -n=number -t=name -o -e=name -NUM --all --bytes=number --radix=name",
            operands: "path*",
        },
        matches: &["strings -n 8 a"],
        not_matches: &["strings /proc/1/mem", "strings -T x a", "strings @list"],
    },
    Reader {
        // Not -f, -L, --slurpfile, --rawfile; the filter may not look at the environment.
        programs: "jq",
        sub: "",
        check: Check::Words {
            flags: "-r -c -S -e -M -C -s -n -R -j -a --raw-output --compact-output --sort-keys --exit-status \
                    --monochrome-output --color-output --slurp --null-input --raw-input --join-output --tab \
                    --indent=number --ascii-output",
            operands: "filter path*",
        },
        matches: &["jq . a.json", "jq -r '.a[] | .b' a.json", "jq '.scripts' package.json"],
        not_matches: &[
            "jq -n env",
            "jq -n '$ENV'",
            "jq -f f a",
            "jq . /etc/x",
            "jq 'include \"x\"; .' a",
            "jq --slurpfile a b .",
        ],
    },
];
