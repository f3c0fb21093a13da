//! How many tests passed, where a runner says so.

/// Summed over all that ran.
#[derive(Default)]
pub(super) struct Counts {
    tests: Tests,
    /// Go tells of packages, unless it is asked for more.
    packages: Tests,
    /// Go names each test.
    verbose: bool,
    /// unittest says how many ran on one line, how many of them failed on another.
    ran: u64,
}

#[derive(Default)]
struct Tests {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    pub(super) fn line(&mut self, line: &str) {
        let _known = self.cargo(line)
            || self.unittest(line)
            || self.go(line)
            || self.node(line)
            || self.jvm(line)
            || self.ctest(line)
            || self.listed(line);
    }

    /// `41/41`, `40/41, 2 skipped`, `3/4 packages`; None if nothing was counted.
    pub(super) fn summary(&self) -> Option<String> {
        let of = |tests: &Tests| {
            let all = tests.passed + tests.failed;
            (all > 0).then(|| format!("{}/{all}", tests.passed))
        };
        let skipped = |text: String| match self.tests.skipped {
            0 => text,
            skipped => format!("{text}, {skipped} skipped"),
        };
        let packages = || of(&self.packages).map(|text| format!("{text} packages"));
        of(&self.tests).map(skipped).or_else(packages)
    }

    fn add(&mut self, passed: u64, failed: u64, skipped: u64) {
        let sum = &mut self.tests;
        sum.passed = sum.passed.saturating_add(passed);
        sum.failed = sum.failed.saturating_add(failed);
        sum.skipped = sum.skipped.saturating_add(skipped);
    }

    /// `test result: ok. 41 passed; 0 failed; 1 ignored; …`
    fn cargo(&mut self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix("test result: ") else { return false };
        let rest = rest.split_once(". ").map_or(rest, |(_, counts)| counts);
        let of = |word: &str| {
            let part = rest.split("; ").find_map(|part| part.strip_suffix(word));
            part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        self.add(of(" passed"), of(" failed"), of(" ignored"));
        true
    }

    /// pytest's `2 failed, 1 passed in 0.02s`, Jest's `Tests: 1 failed, 1 passed, 2 total`,
    /// Vitest's `Tests  1 failed | 1 passed (2)`.
    fn listed(&mut self, line: &str) -> bool {
        let line = line.trim_matches(['=', ' ']);
        let (list, separator) = match line.strip_prefix("Tests:") {
            Some(list) => (list, ", "),
            None => match line.strip_prefix("Tests  ") {
                Some(list) => (list.rsplit_once(" (").map_or(list, |(list, _)| list), " | "),
                None => match line.rsplit_once(" in ") {
                    Some((list, time)) if time.starts_with(|char: char| char.is_ascii_digit()) => {
                        (list, ", ")
                    }
                    _ => return false,
                },
            },
        };
        let mut counts = [0; 3];
        for part in list.split(separator) {
            let Some((number, word)) = part.trim().split_once(' ') else { return false };
            let Ok(number) = number.parse::<u64>() else { return false };
            match word {
                "passed" | "xpassed" => counts[0] += number,
                "failed" | "error" | "errors" => counts[1] += number,
                "skipped" | "xfailed" | "todo" => counts[2] += number,
                "total" | "warning" | "warnings" | "deselected" | "rerun" | "subtests passed" => {}
                _ => return false,
            }
        }
        self.add(counts[0], counts[1], counts[2]);
        true
    }

    /// `Ran 3 tests in 0.001s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=1)`.
    fn unittest(&mut self, line: &str) -> bool {
        if let Some(rest) = line.strip_prefix("Ran ").filter(|rest| rest.contains(" test")) {
            self.ran = rest.split(' ').next().and_then(|ran| ran.parse().ok()).unwrap_or(0);
            return true;
        }
        let ended = line == "OK" || line.starts_with("OK (") || line.starts_with("FAILED (");
        if !ended || self.ran == 0 {
            return false;
        }
        let of = |word: &str| {
            let (_, rest) = line.split_once(word)?;
            rest.split([',', ')']).next()?.parse::<u64>().ok()
        };
        let failed = of("failures=").unwrap_or(0).saturating_add(of("errors=").unwrap_or(0));
        let skipped = of("skipped=").unwrap_or(0);
        let ran = std::mem::take(&mut self.ran);
        self.add(ran.saturating_sub(failed).saturating_sub(skipped), failed, skipped);
        true
    }

    fn go(&mut self, line: &str) -> bool {
        match line {
            line if line.starts_with("=== RUN ") => self.verbose = true,
            // Unless it is verbose there are only failed ones: then packages are counted.
            line if line.starts_with("--- PASS: ") && self.verbose => self.add(1, 0, 0),
            line if line.starts_with("--- FAIL: ") && self.verbose => self.add(0, 1, 0),
            line if line.starts_with("--- SKIP: ") && self.verbose => self.add(0, 0, 1),
            line if line.starts_with("ok  \t") => self.packages.passed += 1,
            line if line.starts_with("FAIL\t") => self.packages.failed += 1,
            _ => return false,
        }
        true
    }

    /// `# pass 1` in TAP, `ℹ pass 1` else.
    fn node(&mut self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
            return false;
        };
        let count = |word: &str| rest.strip_prefix(word)?.trim().parse().ok();
        let (pass, fail, skipped) = (count("pass "), count("fail "), count("skipped "));
        self.add(pass.unwrap_or(0), fail.unwrap_or(0), skipped.unwrap_or(0));
        pass.or(fail).or(skipped).is_some()
    }

    /// `Tests run: 41, Failures: 0, Errors: 0, Skipped: 0`, once a module.
    fn jvm(&mut self, line: &str) -> bool {
        let Some((_, counts)) = line.split_once("Tests run: ") else { return false };
        let mut numbers = counts.split(", ").map(|part| {
            part.rsplit(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
        });
        let mut next = || numbers.next().unwrap_or(0);
        let (ran, failed, skipped) = (next(), next().saturating_add(next()), next());
        if !counts.contains("Time elapsed") {
            self.add(ran.saturating_sub(failed).saturating_sub(skipped), failed, skipped);
        }
        true
    }

    /// `98% tests passed, 1 tests failed out of 41`
    fn ctest(&mut self, line: &str) -> bool {
        let read = || {
            let (_, rest) = line.split_once("% tests passed, ")?;
            let (failed, all) = rest.split_once(" tests failed out of ")?;
            Some((failed.parse::<u64>().ok()?, all.trim().parse::<u64>().ok()?))
        };
        let Some((failed, all)) = read() else { return false };
        self.add(all.saturating_sub(failed), failed, 0);
        true
    }
}
