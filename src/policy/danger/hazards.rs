//! The table of commands to be afraid of, and its notation.

/// A command to be afraid of: one of the programs, with words that fit every group.
pub(super) struct Hazard {
    /// Separated by a space; `*` at the end takes every ending.
    pub programs: &'static str,
    /// Of each group one must fit some word: `word`, `start*`, `*middle*`, or `-~rf`: short flags with one
    /// of these letters.
    pub with: &'static [&'static str],
    pub why: &'static str,
}

pub(super) const HAZARDS: &[Hazard] = &[
    Hazard {
        programs: "sudo doas su pkexec runuser setcap nsenter unshare chroot setpriv systemd-run busctl sysctl insmod modprobe rmmod mount umount passwd visudo usermod useradd",
        with: &[],
        why: "asks for more rights",
    },
    Hazard {
        programs: "dd mkfs* fdisk sfdisk parted wipefs shred mkswap hdparm blkdiscard cryptsetup",
        with: &[],
        why: "writes to devices or destroys data",
    },
    Hazard {
        programs: "shutdown reboot halt poweroff init telinit killall pkill",
        with: &[],
        why: "stops programs or the machine",
    },
    Hazard { programs: "kill", with: &["-1|-9|-KILL|1|0"], why: "stops programs" },
    Hazard {
        programs: "crontab at batch launchctl systemctl loginctl update-rc.d",
        with: &[],
        why: "makes something run later",
    },
    Hazard {
        programs: "rm",
        with: &["-~rRf|--recursive|--force|/|~*|*|.*"],
        why: "deletes without a way back",
    },
    Hazard {
        programs: "find fd",
        with: &["-delete|-exec*|-ok*|-x|-X|--exec*"],
        why: "runs or deletes for each file",
    },
    Hazard { programs: "truncate", with: &[], why: "empties files" },
    Hazard { programs: "cp mv ln", with: &["/dev/null"], why: "replaces a file by nothing" },
    Hazard {
        programs: "chmod chown chgrp",
        with: &["-~R|--recursive|*+s*|4???|2???|6???"],
        why: "changes rights of many files or of who runs them",
    },
    Hazard { programs: "chattr setfacl", with: &[], why: "changes rights" },
    Hazard {
        programs: "git",
        with: &[
            "push|clean|filter-branch|filter-repo|credential*|daemon|send-email|difftool|mergetool|update-ref|replace",
        ],
        why: "publishes, deletes, or rewrites history",
    },
    Hazard {
        programs: "git",
        with: &["reset", "--hard|--merge|--keep"],
        why: "throws changes away",
    },
    Hazard {
        programs: "git",
        with: &["restore|checkout", ".|--|-f|--force|*.*"],
        why: "throws changes away",
    },
    Hazard { programs: "git", with: &["stash", "clear|drop"], why: "throws changes away" },
    Hazard {
        programs: "git",
        with: &["branch|tag|worktree", "-~Df|--force|--delete|remove"],
        why: "deletes or moves references",
    },
    Hazard {
        programs: "git",
        with: &["reflog|gc", "expire|delete|--prune*|--aggressive"],
        why: "deletes history",
    },
    Hazard {
        programs: "git",
        with: &[
            "config|remote",
            "core.*|filter.*|alias.*|pager.*|diff.*|merge.*|url.*|include*|credential*|gpg.*|http*|remote.*|--global|--system|add|set-url",
        ],
        why: "changes what git runs or where it sends",
    },
    Hazard {
        programs: "git",
        with: &[
            "-c*|--config-env*|--exec-path=*|--upload-pack*|--receive-pack*|--exec*|-x|-O*|--open-files-in-pager*|ext::*|run|foreach|--ext-diff|--git-dir*",
        ],
        why: "makes git run another program",
    },
    Hazard {
        programs: "curl",
        with: &["-d*|--data*|-F*|--form*|-T*|--upload-file*|-X*|--request*|--json*|-K*|--config*"],
        why: "sends data out",
    },
    Hazard {
        programs: "wget",
        with: &["--post*|--body*|--method*|--use-askpass*|-i"],
        why: "sends data out",
    },
    Hazard {
        programs: "scp sftp ftp nc ncat netcat socat telnet ssh ssh-copy-id tcpdump ngrok cloudflared",
        with: &[],
        why: "opens a way to another machine",
    },
    Hazard {
        programs: "rsync",
        with: &["*:*|-e*|--rsh*|--delete*|--remove-source-files"],
        why: "sends data out or deletes",
    },
    Hazard {
        programs: "aws gcloud az gsutil rclone s3cmd",
        with: &["cp|mv|sync|rm|rb|delete*|copy|put*|move|remove|create*"],
        why: "changes or sends to a cloud",
    },
    Hazard {
        programs: "kubectl helm terraform tofu pulumi",
        with: &["delete|exec|apply|destroy|install|uninstall|drain|replace|run|up"],
        why: "changes what runs elsewhere",
    },
    Hazard {
        programs: "docker podman",
        with: &[
            "--privileged|-v*|--volume*|--mount*|--pid*|system|rm|rmi|--cap-add*|--net=host|--network=host",
        ],
        why: "reaches past the container or deletes",
    },
    Hazard {
        programs: "npm yarn pnpm cargo gem twine poetry uv gh",
        with: &["publish|unpublish|upload|push|yank|deprecate|owner|delete"],
        why: "publishes or deletes elsewhere",
    },
    Hazard {
        programs: "npx bunx uvx pnpx pipx",
        with: &["-y|--yes|*@*|-p|--package*|--from*|git+*|http*"],
        why: "downloads a program and runs it",
    },
    Hazard {
        programs: "npm yarn pnpm pip pip3 cargo gem go uv",
        with: &[
            "install|i|add",
            "http*|git+*|git:*|--git|--index-url*|-i|--registry*|--extra-index-url*|*@latest",
        ],
        why: "installs from an address",
    },
    Hazard {
        programs: "code code-server",
        with: &["tunnel|serve-web|--install-extension*"],
        why: "opens the machine to others",
    },
    Hazard {
        programs: "go npm pip pip3 cargo",
        with: &["env|config", "-w|set|edit"],
        why: "changes the settings of a tool",
    },
    Hazard {
        programs: "tar bsdtar",
        with: &[
            "--to-command*|--checkpoint-action*|--use-compress*|-I*|-F|--info-script*|--new-volume-script*|-C|--directory*|--rsh-command*|-P|--absolute-names|--overwrite",
        ],
        why: "runs a program or unpacks elsewhere",
    },
    Hazard {
        programs: "zip unzip",
        with: &["-TT|--unzip-command*|-d|-o"],
        why: "runs a program or unpacks elsewhere",
    },
    Hazard { programs: "split", with: &["--filter*"], why: "runs a program" },
    Hazard { programs: "sort", with: &["--comp*"], why: "runs a program" },
    Hazard {
        programs: "rg",
        with: &["--pre*|--hostname-bin*|-z|--search-zip"],
        why: "runs a program",
    },
    Hazard {
        programs: "man less more",
        with: &["-P*|--pager*|-H*|+*|--html*"],
        why: "runs a program",
    },
    Hazard { programs: "xargs parallel", with: &[], why: "runs a program for each line" },
    Hazard {
        programs: "gdb lldb strace ltrace ptrace",
        with: &["-p*|--pid*|-ex*|-batch*|--batch*|-o*|attach"],
        why: "reaches into other programs",
    },
    Hazard {
        programs: "tmux screen xdotool ydotool wtype osascript expect script",
        with: &[],
        why: "types in somebody's place",
    },
    Hazard {
        programs: "claude codex brisk gemini aider goose opencode amp",
        with: &["*yolo*|*dangerous*|*skip-permissions*|--full-auto|*autopilot*|*bypass*"],
        why: "starts an agent without questions",
    },
    Hazard { programs: "enable hash", with: &["-f|-p*"], why: "replaces a command" },
    Hazard {
        programs: "bind complete trap fc coproc source .",
        with: &[],
        why: "makes the shell run something later",
    },
    Hazard {
        programs: "security gpg secret-tool pass keyctl",
        with: &["find*|--export-secret*|lookup|show|dump*|print"],
        why: "reads secrets",
    },
    Hazard {
        programs: "psql mysql sqlite3 mariadb mongo mongosh redis-cli",
        with: &[
            "*DROP *|*drop *|*TRUNCATE*|*truncate*|*DELETE *|*delete *|*FLUSH*|*flush*|*dropDatabase*|.shell*|.system*",
        ],
        why: "destroys data",
    },
    Hazard {
        programs: "ed ex vim vi nvim emacs",
        with: &["-c*|-s|-S|+*|--eval*|--cmd*|-es*"],
        why: "runs commands in an editor",
    },
    Hazard {
        programs: "python* perl ruby node php lua deno bun",
        with: &[
            "-c*|-e*|-E*|-r*|--eval*|-p*|eval|-pi*|-ne*",
            "*system*|*exec*|*spawn*|*popen*|*urlopen*|*subprocess*|*socket*|*rmtree*|*unlink*|*remove*|*child_process*|*http*|*eval*|*Popen*|*fork*",
        ],
        why: "runs code that reaches out",
    },
    Hazard {
        programs: "awk gawk mawk nawk",
        with: &["*system*|*getline*|*| \"*|*|\"*|*> \"*|*>\"*|inplace"],
        why: "runs a program or writes",
    },
    Hazard { programs: "ld-linux* ld-musl*", with: &[], why: "runs a program by its loader" },
    Hazard {
        programs: "iptables nft ufw ip ifconfig route",
        with: &["-A|-F|-D|-I|add|del|flush|disable|set|up|down"],
        why: "changes the network",
    },
];

/// The notation of `Hazard`.
pub(super) fn fits(pattern: &str, word: &str) -> bool {
    if let Some(letters) = pattern.strip_prefix("-~") {
        let short = word.starts_with('-') && !word.starts_with("--");
        return short && word.chars().any(|char| letters.contains(char));
    }
    if pattern.contains('?') {
        let same = |(pattern, char): (char, char)| pattern == '?' || pattern == char;
        return pattern.len() == word.len() && pattern.chars().zip(word.chars()).all(same);
    }
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        // The wildcard itself, as the shell would see it.
        (Some(""), _) => word == "*",
        (Some(inner), Some(_)) => word.contains(inner.trim_end_matches('*')),
        (Some(end), None) => word.ends_with(end),
        (None, Some(start)) => word.starts_with(start),
        (None, None) => word == pattern,
    }
}
