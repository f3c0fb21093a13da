//! The questions that git answers without writing. That a repository's own settings (a pager, a
//! file monitor) run nothing is the business of the environment that the agent's shell gets.

use super::{Check, Reader};

/// Before the subcommand, harmless. Not -c, -C, -p, --git-dir, --exec-path and the like.
pub(super) const GLOBAL_FLAGS: [&str; 3] =
    ["--no-pager", "--no-optional-locks", "--literal-pathspecs"];

// Not --output, --ext-diff, --textconv, -O (a file with an order); no abbreviation of them.
const DIFF: &str = "-p -u -s -U=number -b -w -a -R -z -M?=size -C?=size -B?=size -D -W -S=text -G=text \
    --patch --no-patch --unified=number --raw --patch-with-raw --minimal --patience --histogram \
    --diff-algorithm=name --stat?=number --compact-summary --numstat --shortstat --dirstat?=text \
    --cumulative --summary --name-only --name-status --color?=name --no-color --color-words \
    --color-moved?=name --word-diff?=name --no-renames --find-renames?=size --find-copies?=size \
    --check --full-index --binary --abbrev?=number --diff-filter=name --pickaxe-all --pickaxe-regex \
    --relative --text --ignore-cr-at-eol --ignore-space-at-eol --ignore-space-change \
    --ignore-all-space --ignore-blank-lines --inter-hunk-context=number --function-context \
    --exit-code --quiet --no-ext-diff --no-textconv --cached --staged --merge-base";

// Not --show-signature and formats with %G, which run a program that the settings name.
const LOG: &str = "-p -u -s -U=number -b -w -a -R -z -M?=size -C?=size -S=text -G=text -L=revision \
    -n=number -NUM -i -E -F -P -c -m -g --patch --no-patch --unified=number --raw --stat?=number \
    --compact-summary --numstat --shortstat --summary --name-only --name-status --color?=name --no-color \
    --word-diff?=name --no-renames --find-renames?=size --abbrev?=number --abbrev-commit \
    --no-abbrev-commit --diff-filter=name --pickaxe-regex --relative --text --ignore-space-change \
    --ignore-all-space --no-ext-diff --no-textconv --follow --oneline --graph --decorate?=name \
    --no-decorate --all --branches --tags --remotes --max-count=number --skip=number --since=text \
    --after=text --until=text --before=text --author=text --committer=text --grep=text --all-match \
    --invert-grep --regexp-ignore-case --extended-regexp --fixed-strings --merges --no-merges \
    --first-parent --reverse --date-order --topo-order --author-date-order --date=text \
    --relative-date --format=format --pretty?=format --no-notes --source --left-right --cherry-pick \
    --cherry-mark --cherry --boundary --ancestry-path --simplify-by-decoration --full-history \
    --walk-reflogs --no-walk --diff-merges=name --cc --count --parents --children \
    --min-parents=number --max-parents=number";

pub(super) const READERS: &[Reader] = &[
    Reader {
        programs: "git",
        sub: "--version",
        check: Check::Words { flags: "", operands: "" },
        matches: &["git --version"],
        not_matches: &["git --version --build-options x", "git --exec-path=x --version"],
    },
    Reader {
        programs: "git",
        sub: "status",
        check: Check::Words {
            flags: "-s -b -v -z -u?=name --short --branch --verbose --porcelain?=name --long \
                    --untracked-files?=name --ignored?=name --show-stash --ahead-behind --no-ahead-behind --renames --no-renames --find-renames?=size",
            operands: "path*",
        },
        matches: &["git status", "git status --porcelain=v2 --branch", "git --no-pager status -sb"],
        not_matches: &[
            "git -c core.fsmonitor=x status",
            "git -C sub status",
            "git --git-dir=x status",
            "cd src && git status",
            "git status --x",
        ],
    },
    Reader {
        programs: "git",
        sub: "log",
        check: Check::Words { flags: LOG, operands: "revision*" },
        matches: &[
            "git log --oneline -n 5",
            "git log -p HEAD~3..HEAD -- src",
            "git log --since='2 weeks ago' --format=%h",
        ],
        not_matches: &[
            "git log --output=x",
            "git log --format=%G? -1",
            "git log --paginate",
            "git log --show-signature",
            "git log --ext-diff -p",
            "git -p log -1",
            "git log -- /etc/passwd",
            "git log --outpu x",
        ],
    },
    Reader {
        programs: "git",
        sub: "show",
        check: Check::Words { flags: LOG, operands: "revision*" },
        matches: &["git show HEAD:src/main.rs", "git show HEAD --stat"],
        not_matches: &[
            "git show HEAD:.env",
            "git show --textconv HEAD:x",
            "git show --output=x",
            "git show --pretty=%GK",
        ],
    },
    Reader {
        programs: "git",
        sub: "diff",
        check: Check::Words { flags: DIFF, operands: "revision*" },
        matches: &["git diff --cached", "git diff HEAD~1 -- src", "git diff --stat main...HEAD"],
        not_matches: &[
            "git diff --output=x",
            "git diff --no-index a b",
            "git diff --ext-diff",
            "git diff /etc/passwd /dev/null",
            "git diff -O/x",
            "git diff ../a b",
        ],
    },
    Reader {
        programs: "git",
        sub: "diff-tree",
        check: Check::Words { flags: DIFF, operands: "revision*" },
        matches: &["git diff-tree --stat HEAD"],
        not_matches: &["git diff-tree --output=x HEAD", "git diff-tree --stdin"],
    },
    Reader {
        programs: "git",
        sub: "shortlog",
        check: Check::Words {
            flags: "-s -n -e -c --summary --numbered --email --since=text --until=text --no-merges \
                    --all",
            operands: "revision*",
        },
        matches: &["git shortlog -sn HEAD"],
        not_matches: &["git shortlog --output=x"],
    },
    Reader {
        programs: "git",
        sub: "rev-list",
        check: Check::Words { flags: LOG, operands: "revision*" },
        matches: &["git rev-list --count HEAD"],
        not_matches: &[
            "git rev-list --stdin",
            "git rev-list --format=%GG HEAD",
            "git rev-list --disk-usage=x HEAD",
        ],
    },
    Reader {
        programs: "git",
        sub: "rev-parse",
        check: Check::Words {
            flags: "--show-toplevel --show-prefix --show-cdup --git-dir --absolute-git-dir --git-common-dir --is-inside-work-tree --is-bare-repository --verify --abbrev-ref?=name --short?=number --symbolic --symbolic-full-name --all --branches \
                    --tags -q --quiet",
            operands: "revision*",
        },
        matches: &["git rev-parse --abbrev-ref HEAD", "git rev-parse --show-toplevel"],
        not_matches: &["git rev-parse --parseopt", "git rev-parse --git-path x"],
    },
    Reader {
        programs: "git",
        sub: "merge-base",
        check: Check::Words {
            flags: "-a --all --is-ancestor --fork-point --octopus",
            operands: "revision*",
        },
        matches: &["git merge-base HEAD HEAD~1"],
        not_matches: &["git merge-base --x a"],
    },
    Reader {
        programs: "git",
        sub: "name-rev",
        check: Check::Words { flags: "--tags --name-only --always", operands: "revision*" },
        matches: &["git name-rev HEAD"],
        not_matches: &["git name-rev --stdin"],
    },
    Reader {
        programs: "git",
        sub: "describe",
        check: Check::Words {
            flags: "--tags --all --long --always --dirty?=name --abbrev=number --contains \
                    --match=text --exclude=text --exact-match --first-parent --candidates=number",
            operands: "revision*",
        },
        matches: &["git describe --tags --always"],
        not_matches: &["git describe --debug-x"],
    },
    Reader {
        // Not --contents and -S, which read other files.
        programs: "git",
        sub: "blame",
        check: Check::Words {
            flags: "-L=revision -l -t -s -e -w -f -n -p -M?=size -C?=size --porcelain --line-porcelain --date=text --since=text --abbrev=number --show-email",
            operands: "revision*",
        },
        matches: &["git blame -L 1,5 src/main.rs"],
        not_matches: &["git blame --contents x a", "git blame /etc/passwd", "git blame -S x a"],
    },
    Reader {
        // Not -O, which opens what it finds in a program; not -f.
        programs: "git",
        sub: "grep",
        check: Check::Words {
            flags: "-n -i -l -L -c -w -v -E -F -G -P -h -H -p -W -o -q -a -I -e=pattern -A=number \
                    -B=number -C=number -m=number --line-number --ignore-case --files-with-matches \
                    --files-without-match --name-only --count --word-regexp --invert-match \
                    --extended-regexp --fixed-strings --perl-regexp --show-function --function-context --only-matching --cached --untracked --and --or --not --heading --break \
                    --column --color?=name --max-depth=number --after-context=number --before-context=number --context=number --text",
            operands: "pattern revision*",
        },
        matches: &["git grep -n 'fn main'", "git grep -e a -- src"],
        not_matches: &[
            "git grep -O foo",
            "git grep --open-files-in-pager=x fn",
            "git grep --no-index x /etc",
            "git grep -f p",
            "git grep -nOx foo",
            "git grep --textconv x",
        ],
    },
    Reader {
        programs: "git",
        sub: "ls-files",
        check: Check::Words {
            flags: "-c -d -m -o -i -s -u -t -v -z -x=text --cached --deleted --modified --others \
                    --ignored --stage --unmerged --exclude=text --exclude-standard --full-name --eol \
                    --error-unmatch --directory --abbrev?=number",
            operands: "path*",
        },
        matches: &["git ls-files", "git ls-files -o --exclude-standard src"],
        not_matches: &["git ls-files -X x", "git ls-files --exclude-from=x", "git ls-files /etc"],
    },
    Reader {
        programs: "git",
        sub: "ls-tree",
        check: Check::Words {
            flags: "-d -r -t -l -z --name-only --name-status --long --full-name --full-tree \
                    --abbrev?=number",
            operands: "revision*",
        },
        matches: &["git ls-tree -r --name-only HEAD"],
        not_matches: &["git ls-tree --x HEAD"],
    },
    Reader {
        // Not --textconv and --filters, which run what the attributes name.
        programs: "git",
        sub: "cat-file",
        check: Check::Words { flags: "-t -s -e -p", operands: "revision*" },
        matches: &["git cat-file -p HEAD"],
        not_matches: &[
            "git cat-file --textconv HEAD:x",
            "git cat-file --filters HEAD:x",
            "git cat-file -p HEAD:.env",
        ],
    },
    Reader {
        // An operand would make a branch.
        programs: "git",
        sub: "branch",
        check: Check::Words {
            flags: "-a -r -v --all --remotes --verbose --list --show-current --no-color \
                    --color?=name --column?=text --sort=field --merged?=revision --no-merged?=revision \
                    --contains?=revision --no-contains?=revision --format=format --ignore-case -i",
            operands: "",
        },
        matches: &["git branch", "git branch -a -v", "git branch --show-current"],
        not_matches: &[
            "git branch new",
            "git branch -d x",
            "git branch -v new",
            "git branch -m a b",
            "git branch --edit-description",
            "git branch -f x",
            "git branch --contains new",
            "git branch --sort=signature",
        ],
    },
    Reader {
        programs: "git",
        sub: "branch --list",
        check: Check::Words { flags: "-a -r -v --all --remotes --verbose", operands: "text*" },
        matches: &["git branch --list 'feature-x'"],
        not_matches: &["git branch --list -D x"],
    },
    Reader {
        // An operand would make a tag; -v runs gpg.
        programs: "git",
        sub: "tag",
        check: Check::Words {
            flags: "-n?=number -l --list --sort=field --column?=text --merged?=revision --no-merged?=revision \
                    --contains?=revision --points-at=revision --format=format --color?=name",
            operands: "",
        },
        matches: &["git tag", "git tag --list", "git tag -n"],
        not_matches: &[
            "git tag v1.0",
            "git tag -d x",
            "git tag -v x",
            "git tag -a x -m y",
            "git tag -n v1",
        ],
    },
    Reader {
        programs: "git",
        sub: "tag --list",
        check: Check::Words { flags: "-n?=number -i --sort=field", operands: "text*" },
        matches: &["git tag --list 'v1'"],
        not_matches: &["git tag --list -f x"],
    },
    Reader {
        programs: "git",
        sub: "tag -l",
        check: Check::Words { flags: "-n?=number -i --sort=field", operands: "text*" },
        matches: &["git tag -l v1"],
        not_matches: &["git tag -l -d x"],
    },
    Reader {
        // `show` and `update` go to the network.
        programs: "git",
        sub: "remote",
        check: Check::Words { flags: "-v --verbose", operands: "" },
        matches: &["git remote -v", "git remote"],
        not_matches: &[
            "git remote add a b",
            "git remote update",
            "git remote show origin",
            "git remote -v update",
        ],
    },
    Reader {
        programs: "git",
        sub: "remote get-url",
        check: Check::Words { flags: "--push --all", operands: "name" },
        matches: &["git remote get-url origin"],
        not_matches: &["git remote set-url a b"],
    },
    Reader {
        programs: "git",
        sub: "stash list",
        check: Check::Words {
            flags: "-p -n=number --oneline --stat --format=format --date=text",
            operands: "",
        },
        matches: &["git stash list"],
        not_matches: &[
            "git stash",
            "git stash clear",
            "git stash list --output=x",
            "git stash pop",
        ],
    },
    Reader {
        programs: "git",
        sub: "stash show",
        check: Check::Words {
            flags: "-p --stat --name-only --name-status --numstat",
            operands: "revision",
        },
        matches: &["git stash show -p"],
        not_matches: &["git stash show --ext-diff", "git stash drop"],
    },
    Reader {
        // An operand could be `expire` or `delete`.
        programs: "git",
        sub: "reflog",
        check: Check::Words { flags: "-n=number -NUM --oneline --date=text", operands: "" },
        matches: &["git reflog"],
        not_matches: &["git reflog expire --all", "git reflog delete x"],
    },
    Reader {
        programs: "git",
        sub: "reflog show",
        check: Check::Words {
            flags: "-n=number -NUM --oneline --date=text --all",
            operands: "revision",
        },
        matches: &["git reflog show HEAD"],
        not_matches: &["git reflog show --output=x"],
    },
    Reader {
        programs: "git",
        sub: "worktree list",
        check: Check::Words { flags: "-v -z --porcelain --verbose", operands: "" },
        matches: &["git worktree list"],
        not_matches: &["git worktree add x", "git worktree prune"],
    },
    Reader {
        programs: "git",
        sub: "for-each-ref",
        check: Check::Words {
            flags: "--count=number --sort=field --format=format --merged?=revision --no-merged?=revision --contains?=revision --points-at=revision",
            operands: "revision*",
        },
        matches: &["git for-each-ref --sort=committerdate"],
        not_matches: &["git for-each-ref --shell --x", "git for-each-ref --format='%(signature)'"],
    },
    Reader {
        programs: "git",
        sub: "count-objects",
        check: Check::Words { flags: "-v -H --verbose --human-readable", operands: "" },
        matches: &["git count-objects -vH"],
        not_matches: &["git count-objects --x"],
    },
    Reader {
        programs: "git",
        sub: "check-ignore",
        check: Check::Words {
            flags: "-v -q -n --verbose --quiet --non-matching --no-index",
            operands: "path*",
        },
        matches: &["git check-ignore -v target"],
        not_matches: &["git check-ignore --stdin"],
    },
    Reader {
        // A second operand writes.
        programs: "git",
        sub: "symbolic-ref",
        check: Check::Words { flags: "-q --short --quiet", operands: "name" },
        matches: &["git symbolic-ref --short HEAD"],
        not_matches: &["git symbolic-ref HEAD refs/heads/x", "git symbolic-ref -d HEAD"],
    },
    Reader {
        programs: "git",
        sub: "show-ref",
        check: Check::Words {
            flags: "-d -s -q --head --heads --tags --hash?=number --abbrev?=number --verify",
            operands: "revision*",
        },
        matches: &["git show-ref --tags"],
        not_matches: &["git show-ref --exclude-existing=x"],
    },
];
