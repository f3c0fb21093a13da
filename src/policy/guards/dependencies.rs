//! Manifests, lock files, base images, toolchains, registries.

use super::paths::{ending, has_folder, is_fixture, is_prose, name};
use super::{Found, Looked};
use crate::protocol::{Side, Touched};

const GUARD: &str = "dependencies";

/// What a tool writes of the versions that it chose.
pub(super) fn is_lock(path: &str) -> bool {
    const NAMES: [&str; 22] = [
        "Cargo.lock",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "pnpm-lock.yaml",
        "yarn.lock",
        "bun.lock",
        "bun.lockb",
        "deno.lock",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile.lock",
        "pylock.toml",
        "go.sum",
        "go.work.sum",
        "gradle.lockfile",
        "Gemfile.lock",
        "composer.lock",
        "packages.lock.json",
        "flake.lock",
        "mix.lock",
        "pubspec.lock",
    ];
    let name = name(path);
    NAMES.contains(&name) || matches!(name, "Package.resolved" | "Podfile.lock" | "conan.lock")
}

/// Files that are about what is fetched, whatever line of them changes.
fn is_whole(path: &str) -> bool {
    const NAMES: [&str; 23] = [
        "go.mod",
        "go.work",
        "requirements.txt",
        "constraints.txt",
        "Pipfile",
        "Gemfile",
        "libs.versions.toml",
        "gradle-wrapper.properties",
        "maven-wrapper.properties",
        "Directory.Packages.props",
        "NuGet.config",
        "nuget.config",
        "packages.config",
        "rust-toolchain.toml",
        "rust-toolchain",
        ".npmrc",
        ".yarnrc.yml",
        ".gitmodules",
        ".nvmrc",
        ".python-version",
        ".tool-versions",
        "environment.yml",
        "gradle-wrapper.jar",
    ];
    let name = name(path);
    let requirements = ending(path) == "txt" || ending(path) == "in";
    NAMES.contains(&name)
        || (requirements && (name.starts_with("requirements") || has_folder(path, "requirements")))
        || matches!(name, "Package.swift" | "Podfile" | "conanfile.txt" | "vcpkg.json")
        || matches!(name, ".node-version" | ".ruby-version" | "pip.conf" | ".yarnrc" | ".pypirc")
}

/// Of a manifest that says other things, too: whether a line is about what is fetched.
fn of_manifest(path: &str) -> Option<fn(&Touched) -> bool> {
    let name = name(path);
    let is = |wanted: &[&str]| wanted.contains(&name);
    Some(match ending(path) {
        _ if is(&["Cargo.toml"]) => cargo,
        _ if is(&["package.json", "composer.json", "deno.json", "bower.json"]) => json,
        _ if is(&["pnpm-workspace.yaml", "pubspec.yaml"]) => workspace,
        _ if is(&["pyproject.toml", "setup.cfg"]) => python,
        _ if is(&["setup.py"]) => setup,
        _ if is(&["pom.xml"]) => xml,
        "csproj" | "fsproj" | "vbproj" | "props" | "targets" => xml,
        "gradle" => gradle,
        "kts" if name.ends_with(".gradle.kts") => gradle,
        "gemspec" => gem,
        "exs" if name == "mix.exs" => |line| line.code.contains("{:"),
        _ if name.starts_with("Dockerfile") || name.starts_with("Containerfile") => image,
        "dockerfile" | "Dockerfile" => image,
        "yml" | "yaml" if name.contains("compose") => |line| within(line, &["image"]),
        "yml" | "yaml" if is_deployed(path) => |line| within(line, &["image"]),
        "toml" if path.ends_with(".cargo/config.toml") => {
            |line| within(line, &["source", "registries", "registry", "patch", "paths"])
        }
        _ => return None,
    })
}

/// What is run somewhere, by its folder.
fn is_deployed(path: &str) -> bool {
    const FOLDERS: [&str; 8] =
        ["charts", "helm", "k8s", "kubernetes", "deploy", "deployment", "manifests", "infra"];
    FOLDERS.iter().any(|folder| has_folder(path, folder))
}

fn within(line: &Touched, names: &[&str]) -> bool {
    line.within.iter().any(|name| names.contains(&name.as_str()))
}

fn cargo(line: &Touched) -> bool {
    const SECTIONS: [&str; 6] =
        ["dependencies", "dev-dependencies", "build-dependencies", "patch", "replace", "source"];
    within(line, &SECTIONS) || within(line, &["rust-version", "build", "links"])
}

fn json(line: &Touched) -> bool {
    const SECTIONS: [&str; 20] = [
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
        "bundledDependencies",
        "bundleDependencies",
        "overrides",
        "resolutions",
        "packageManager",
        "engines",
        "pnpm",
        "require",
        "require-dev",
        "repositories",
        "conflict",
        "imports",
        "preinstall",
        "install",
        "postinstall",
        "prepare",
    ];
    within(line, &SECTIONS)
}

fn workspace(line: &Touched) -> bool {
    const SECTIONS: [&str; 8] = [
        "catalog",
        "catalogs",
        "overrides",
        "dependencies",
        "dev_dependencies",
        "dependency_overrides",
        "onlyBuiltDependencies",
        "patchedDependencies",
    ];
    within(line, &SECTIONS)
}

fn python(line: &Touched) -> bool {
    const SECTIONS: [&str; 10] = [
        "dependencies",
        "dev-dependencies",
        "optional-dependencies",
        "dependency-groups",
        "build-system",
        "requires-python",
        "install_requires",
        "extras_require",
        "sources",
        "source",
    ];
    within(line, &SECTIONS) || within(line, &["setup_requires", "python_requires", "constraints"])
}

fn setup(line: &Touched) -> bool {
    let words = ["_requires", "extras_require", "dependency_links", "cmdclass"];
    // A requirement on a line of its own: nothing but a text.
    let bare = line.code.chars().all(|char| "\"',[]".contains(char)) && !line.strings.is_empty();
    bare || words.iter().any(|word| line.code.contains(word))
}

fn xml(line: &Touched) -> bool {
    const ELEMENTS: [&str; 13] = [
        "dependency",
        "dependencies",
        "dependencyManagement",
        "plugin",
        "plugins",
        "parent",
        "repository",
        "repositories",
        "extension",
        "PackageReference",
        "PackageVersion",
        "TargetFramework",
        "Reference",
    ];
    let version = line.within.iter().any(|name| name.ends_with("version"));
    within(line, &ELEMENTS) || version && within(line, &["properties"])
}

fn gradle(line: &Touched) -> bool {
    within(
        line,
        &[
            "dependencies",
            "plugins",
            "repositories",
            "buildscript",
            "dependencyResolutionManagement",
        ],
    )
}

fn gem(line: &Touched) -> bool {
    line.code.contains("dependency") || line.code.contains("required_ruby_version")
}

fn image(line: &Touched) -> bool {
    const INSTALLERS: [&str; 18] = [
        "apt-get install",
        "apt install",
        "apk add",
        "dnf install",
        "yum install",
        "pip install",
        "pip3 install",
        "npm install",
        "npm i ",
        "yarn add",
        "pnpm add",
        "cargo install",
        "go install",
        "gem install",
        "curl ",
        "wget ",
        "uv pip",
        "pipx install",
    ];
    let code = line.code.trim_start();
    let first = code.split_whitespace().next().unwrap_or_default();
    first.eq_ignore_ascii_case("from")
        || (first.eq_ignore_ascii_case("add") && code.contains("://"))
        || code.contains("--from=")
        || INSTALLERS.iter().any(|installer| code.contains(installer))
}

pub(super) fn look(looked: &Looked<'_>, found: &mut Found<'_>) {
    let paths = [Some(&looked.change.path), looked.change.from.as_ref()];
    for path in paths.into_iter().flatten() {
        if is_fixture(path) {
            continue;
        }
        if is_lock(path) {
            return found.whole(GUARD, &format!("{} the lock file {}", looked.verb(), name(path)));
        }
        let prose = is_prose(path) && ending(path) != "txt";
        if is_whole(path) && !prose && looked.says_something() {
            return found.whole(GUARD, &format!("{} {}", looked.verb(), name(path)));
        }
        let Some(is_about) = of_manifest(path) else { continue };
        let lines = looked.facts.touched.iter();
        for line in lines.filter(|line| !line.code.is_empty() && is_about(line)) {
            found.at(GUARD, line.spot, &clause(looked, line));
        }
    }
}

/// `adds the dependency fastrand`.
fn clause(looked: &Looked<'_>, line: &Touched) -> String {
    let key = line.code.split(['=', ':', ' ', '(', '<']).next().unwrap_or_default();
    let quoted = line.strings.first().map(String::as_str);
    let key = key.trim_matches(['"', '\'', ' ']);
    let plain = |text: &&str| {
        !text.is_empty()
            && text.chars().all(|char| char.is_alphanumeric() || "-_@/.".contains(char))
    };
    // Keys that say how, not what.
    let told = ["version", "features", "git", "path", "name", "implementation", "id", "gem", "api"];
    let subject = match (Some(key).filter(plain), quoted) {
        (Some(key), _) if !told.contains(&key) => Some(key),
        (_, Some(quoted)) if !told.contains(&quoted) && plain(&quoted) => Some(quoted),
        _ => None,
    };
    let touched = looked.facts.touched.iter();
    let both = |side| touched.clone().any(|other| other.spot.side == side && same_key(other, line));
    let verb = match (both(Side::Old), both(Side::New)) {
        (false, true) => "adds",
        (true, false) => "removes",
        _ => "changes",
    };
    match subject {
        Some(subject) => format!("{verb} the dependency {subject}"),
        None => format!("{verb} a dependency"),
    }
}

fn same_key(line: &Touched, other: &Touched) -> bool {
    let key = |line: &Touched| {
        let key =
            line.code.split(['=', ':', '<', '>']).next().unwrap_or_default().trim().to_owned();
        if key.trim_matches('"').is_empty() {
            line.strings.first().cloned().unwrap_or(key)
        } else {
            key
        }
    };
    key(line) == key(other)
}
