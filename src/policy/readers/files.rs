//! Programs that list and show files.

use super::{Check, Reader};

pub(super) const READERS: &[Reader] = &[
    Reader {
        // Not -I, -T and -w: they take a value here and none there.
        programs: "ls dir vdir",
        sub: "",
        check: Check::Words {
            flags: "-1 -A -B -C -F -G -N -Q -R -S -U -X -Z -a -b -c -d -f -g -h -i -k -l -m -n -o -p -q -r \
                    -s -t -u -v -x --all --almost-all --author --escape --classify?=name --color?=name \
                    --directory --file-type --format=name --full-time --group-directories-first \
                    --human-readable --hyperlink?=name --si --inode --no-group --numeric-uid-gid \
                    --literal --quote-name --reverse --recursive --size --sort=name --time=name \
                    --time-style=text --width=number --ignore=text --hide=text",
            operands: "path*",
        },
        matches: &["ls", "ls -la src", "ls -1 --color=never", "ls src/*.rs"],
        not_matches: &["ls /", "ls ..", "ls ~", "ls *", "ls --zero-day", "/bin/ls"],
    },
    Reader {
        programs: "cat",
        sub: "",
        check: Check::Words {
            flags: "-A -b -e -E -n -s -t -T -u -v --show-all --number-nonblank --show-ends --number \
                    --squeeze-blank --show-tabs --show-nonprinting",
            operands: "path*",
        },
        matches: &["cat README.md", "cat -n a b", "cat -"],
        not_matches: &["cat /etc/passwd", "cat .env", "cat a/../../b", "cat .git/config"],
    },
    Reader {
        programs: "head",
        sub: "",
        check: Check::Words {
            flags: "-n=size -c=size -q -v -z -NUM --lines=size --bytes=size --quiet --silent --verbose",
            operands: "path*",
        },
        matches: &["head -20 a", "head -n 5 a b", "head -c100 a"],
        not_matches: &["head /etc/shadow", "head -n 5 .env"],
    },
    Reader {
        // Not -f: it never ends by itself.
        programs: "tail",
        sub: "",
        check: Check::Words {
            flags: "-n=size -c=size -q -v -z -r -NUM --lines=size --bytes=size --quiet --silent --verbose",
            operands: "path*",
        },
        matches: &["tail -50 a", "tail -n +5 a"],
        not_matches: &["tail -f a", "tail -F a", "tail --follow=name a", "tail --pid=1 a"],
    },
    Reader {
        programs: "wc",
        sub: "",
        check: Check::Words {
            flags: "-c -m -l -L -w --bytes --chars --lines --words --max-line-length --total=name",
            operands: "path*",
        },
        matches: &["wc -l src/*.rs", "wc a"],
        not_matches: &["wc --files0-from=list", "wc -l /etc/passwd"],
    },
    Reader {
        programs: "stat",
        sub: "",
        check: Check::Words {
            flags: "-c=text --format=text --printf=text -t --terse",
            operands: "path*",
        },
        matches: &["stat a", "stat -c '%s %n' a"],
        not_matches: &["stat -f /", "stat -L a", "stat ~"],
    },
    Reader {
        // Not -C (compiles), -p (sets times), -m and -f (other files), -z (runs decompressors).
        programs: "file",
        sub: "",
        check: Check::Words {
            flags: "-b -i -h -k -N -n -r -0 -F=text --brief --mime --mime-type --mime-encoding \
                    --no-dereference --keep-going --separator=text --extension",
            operands: "path*",
        },
        matches: &["file a", "file -bi a", "file --mime-type a"],
        not_matches: &["file -C -m magic", "file -f names", "file -z a", "file -m x a"],
    },
    Reader {
        programs: "du",
        sub: "",
        check: Check::Words {
            flags: "-a -b -c -h -k -m -s -S -x -0 -l -P -d=number -t=size --all --apparent-size --bytes --total \
                    --human-readable --si --summarize --max-depth=number --inodes --exclude=text --time",
            operands: "path*",
        },
        matches: &["du -sh .", "du -h --max-depth=1 src", "du -d1"],
        not_matches: &["du -sh /", "du --files0-from=x", "du -X x", "du -L"],
    },
    Reader {
        programs: "df",
        sub: "",
        check: Check::Words {
            flags: "-a -h -H -i -k -l -P -T --all --human-readable --inodes --local --print-type --total",
            operands: "path*",
        },
        matches: &["df -h ."],
        not_matches: &["df /mnt", "df --sync"],
    },
    Reader {
        // Not -o (writes), -R with -H (writes), -l (follows links), --fromfile.
        programs: "tree",
        sub: "",
        check: Check::Words {
            flags: "-a -d -f -x -p -s -h -u -g -D -F -i -q -N -Q -r -t -c -U -v -n -C -L=number -I=text -P=text \
                    --gitignore --dirsfirst --noreport --du --prune --filelimit=number --matchdirs --ignore-case",
            operands: "path*",
        },
        matches: &["tree", "tree -L 2 src", "tree -a -I target"],
        not_matches: &["tree -o out.txt", "tree -R -H x", "tree /", "tree -l"],
    },
    Reader {
        programs: "basename dirname",
        sub: "",
        check: Check::Words {
            flags: "-a -z -s=text --multiple --suffix=text --zero",
            operands: "text*",
        },
        matches: &["basename src/main.rs .rs", "dirname /a/b"],
        not_matches: &["basename --x", "dirname -q a"],
    },
    Reader {
        programs: "realpath readlink",
        sub: "",
        check: Check::Words {
            flags: "-e -f -m -n -q -s -v -z -L -P --canonicalize --canonicalize-existing --canonicalize-missing \
                    --no-newline --relative-to=path --relative-base=path --strip --no-symlinks --zero",
            operands: "path*",
        },
        matches: &["realpath src", "readlink -f link.txt"],
        not_matches: &["realpath /etc", "readlink -x a"],
    },
    Reader {
        // Not -c: the list names the files.
        programs: "md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum shasum",
        sub: "",
        check: Check::Words {
            flags: "-b -t -z -a=name --binary --text --tag --zero",
            operands: "path*",
        },
        matches: &["sha256sum Cargo.lock", "shasum -a 256 x"],
        not_matches: &["md5sum -c list", "md5sum /etc/shadow", "cksum --check x"],
    },
    Reader {
        programs: "cmp",
        sub: "",
        check: Check::Words {
            flags: "-b -l -s -i=size -n=size --print-bytes --verbose --quiet --silent --bytes=size",
            operands: "path path",
        },
        matches: &["cmp a b", "cmp -s a b"],
        not_matches: &["cmp a /etc/shadow", "cmp -x a b"],
    },
    Reader {
        // Not -l, which pipes through pr.
        programs: "diff",
        sub: "",
        check: Check::Words {
            flags: "-q -s -c -u -e -n -y -p -t -T -r -N -P -i -E -Z -b -w -B -a -d -C=number -U=number -W=number \
                    -I=text -F=text -x=text -NUM --brief --report-identical-files --unified?=number \
                    --context?=number --side-by-side --recursive --new-file --ignore-case --ignore-all-space \
                    --ignore-space-change --ignore-blank-lines --text --minimal --color?=name --exclude=text \
                    --strip-trailing-cr --suppress-common-lines --width=number --no-dereference",
            operands: "path path",
        },
        matches: &["diff a b", "diff -ru src old", "diff --color=never -u a b"],
        not_matches: &["diff -l a b", "diff a ../b", "diff --from-file=x a", "diff -X x a b"],
    },
    Reader {
        // The index is read with what is already listed: -t, no program, no name with a host.
        programs: "tar",
        sub: "",
        check: Check::Own(listing),
        matches: &["tar -tf a.tar", "tar tzf a.tgz", "tar -tvf a.tar"],
        not_matches: &[
            "tar -xf a.tar",
            "tar -tf a.tar --to-command=x",
            "tar -tf a.tar -F x",
            "tar -tf host:a.tar",
            "tar -tIf x a.tar",
            "tar -cf a.tar b",
            "tar -tf /x.tar",
            "tar t",
            "tar -tf",
        ],
    },
    Reader {
        programs: "unzip",
        sub: "-l",
        check: Check::Words { flags: "-v -q", operands: "path" },
        matches: &["unzip -l a.zip"],
        not_matches: &["unzip a.zip", "unzip -l a.zip -d x", "unzip -o -l a.zip"],
    },
    Reader {
        programs: "zipinfo",
        sub: "",
        check: Check::Words { flags: "-1 -2 -s -m -l -v -h -t", operands: "path" },
        matches: &["zipinfo -1 a.zip"],
        not_matches: &["zipinfo /a.zip", "zipinfo -x"],
    },
];

/// `tar` with the letters of a listing and one archive. A colon in its name means a remote host.
fn listing(words: &[super::Word], context: &super::Context<'_>) -> Result<(), String> {
    let [letters, archive] = words else {
        return Err("is understood only as `tar -tf ARCHIVE`".to_owned());
    };
    let letters = letters.text.strip_prefix('-').unwrap_or(&letters.text);
    let known = letters.chars().all(|letter| "tvzjJf".contains(letter));
    if !known
        || !letters.contains('t')
        || !letters.ends_with('f')
        || letters.matches('f').count() != 1
    {
        return Err("does more than list an archive".to_owned());
    }
    if archive.glob || archive.text.contains(':') || archive.text.starts_with('-') {
        return Err(format!("is given `{}`, which may be elsewhere", archive.text));
    }
    context.path(archive)
}
