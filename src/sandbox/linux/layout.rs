//! What a draft's mount namespace looks like, and how it is made so.

use super::super::MountError;
use super::mountinfo::{handle, id_of, path_of};
use super::wire::Plan;
use super::{mountinfo, overlay, protect};
use rustix::mount::{MountFlags, mount_bind, mount_bind_recursive};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Folders that everybody can write to; inside they are the session's own, empty at first.
const PRIVATE: [(&str, &str); 2] = [("/tmp", "tmp"), ("/var/tmp", "var-tmp")];
/// Shared memory, which has to be a file system in memory.
const SHARED_MEMORY: &str = "/dev/shm";
const SHARED_MEMORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;
const EVERYBODY: u32 = 0o1777;

/// What brisk gets of it.
#[derive(Debug)]
pub(super) struct View {
    /// The tree as it is inside.
    pub(super) merged: OwnedFd,
    /// The upper layer, if it is in memory.
    pub(super) memory: Option<OwnedFd>,
    pub(super) notes: Vec<String>,
}

/// Something that is mounted at a path.
struct Item {
    at: PathBuf,
    what: What,
}

enum What {
    /// A view of what is there, whose changes go to the layer: a folder with `upper` and `work`.
    Overlay {
        lower: OwnedFd,
        layer: PathBuf,
        flags: MountFlags,
        is_tree: bool,
    },
    /// The real one.
    Bound {
        source: OwnedFd,
        is_writable: bool,
    },
    Private {
        source: PathBuf,
    },
    SharedMemory,
    Hidden,
}

/// Builds it in this process's namespace, which must be its own.
pub(super) fn build(plan: &Plan) -> Result<View, MountError> {
    let root = Path::new(&plan.root);
    let state_at = Path::new(&plan.state);
    let mounts = mountinfo::read().map_err(|error| failed(root, &error))?;
    let inside = |at: &Path| at != root && at.starts_with(root);
    if let Some(mounted) = mounts.iter().find(|mounted| inside(&mounted.at)) {
        return Err(MountError::MountInside { path: mounted.at.clone() });
    }
    // A mount of its own stays writable when the one below it becomes read-only. It is covered
    // later, and from then on reached through its handle alone.
    mount_bind(state_at, state_at).map_err(|error| failed(state_at, &error.into()))?;
    let state = open(state_at)?;
    let (layer, note) = layer(&state, state_at)?;
    let mut notes: Vec<String> = note.into_iter().collect();
    let layer_path = path_of(layer.as_ref().unwrap_or(&state));
    let flags = flags_at(root, &mounts);
    let mut items = items(plan, &path_of(&state), &layer_path, flags)?;
    // Outer ones first, so that none covers another.
    items.sort_by(|one, other| one.at.cmp(&other.at));
    let mut writable = HashSet::new();
    for item in &items {
        place(item, &mut writable, &mut notes)?;
    }
    protect::protect(&writable)?;
    let merged = open(root)?;
    try_to_write(root)?;
    let memory = layer.map(|layer| open(&path_of(&layer).join("upper"))).transpose()?;
    Ok(View { merged, memory, notes })
}

fn failed(path: &Path, error: &io::Error) -> MountError {
    MountError::Path { path: path.to_owned(), reason: error.to_string() }
}

fn open(path: &Path) -> Result<OwnedFd, MountError> {
    handle(path).map_err(|error| failed(path, &error))
}

/// The layer in memory and a word about it, if the state's file system takes no upper layers.
fn layer(
    state: &OwnedFd,
    state_at: &Path,
) -> Result<(Option<OwnedFd>, Option<String>), MountError> {
    let Err(unsuitable) = overlay::probe(&path_of(state)) else { return Ok((None, None)) };
    overlay::memory_layer(state_at).map_err(|error| failed(state_at, &error))?;
    let layer = open(state_at)?;
    // If it works there neither it is not the file system's fault.
    overlay::probe(&path_of(&layer)).map_err(|_| unsuitable.clone())?;
    let note = format!(
        "the draft is in memory and ends with the session: {} takes no upper layer ({unsuitable})",
        state_at.display()
    );
    Ok((Some(layer), Some(note)))
}

/// What the tree's own mount forbids its view forbids, too.
fn flags_at(path: &Path, mounts: &[mountinfo::Mounted]) -> MountFlags {
    let id = id_of(path).ok();
    let mounted = mounts.iter().find(|mounted| Some(mounted.id) == id);
    mounted.map_or(MountFlags::empty(), |mounted| mounted.flags & MountFlags::NOEXEC)
}

/// Everything there will be, with handles on what may be covered.
fn items(
    plan: &Plan,
    state: &Path,
    layer: &Path,
    flags: MountFlags,
) -> Result<Vec<Item>, MountError> {
    let root = PathBuf::from(&plan.root);
    let mut items = private(&root, state);
    items.push(Item { at: PathBuf::from(&plan.state), what: What::Hidden });
    for (layer_name, cache) in &plan.caches {
        let layer = layer.join("caches").join(layer_name);
        for name in ["upper", "work"] {
            fs::create_dir_all(layer.join(name)).map_err(|error| failed(&layer, &error))?;
        }
        let at = PathBuf::from(cache);
        let lower = open(&at)?;
        items.push(Item {
            at,
            what: What::Overlay { lower, layer, flags: MountFlags::empty(), is_tree: false },
        });
    }
    for (paths, is_writable) in [(&plan.readable, false), (&plan.writable, true)] {
        for path in paths {
            let at = PathBuf::from(path);
            let source = open(&at)?;
            items.push(Item { at, what: What::Bound { source, is_writable } });
        }
    }
    let hidden = plan.hidden.iter();
    items.extend(hidden.map(|path| Item { at: path.into(), what: What::Hidden }));
    let lower = open(&root)?;
    let layer = layer.to_owned();
    items.push(Item { at: root, what: What::Overlay { lower, layer, flags, is_tree: true } });
    Ok(items)
}

/// The private folders; not where the tree's own view is one already.
fn private(root: &Path, state: &Path) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (path, name) in PRIVATE {
        let Ok(at) = fs::canonicalize(path) else { continue };
        if !at.starts_with(root) && items.iter().all(|item| item.at != at) {
            items.push(Item { at, what: What::Private { source: state.join(name) } });
        }
    }
    let at = PathBuf::from(SHARED_MEMORY);
    if at.is_dir() && !at.starts_with(root) {
        items.push(Item { at, what: What::SharedMemory });
    }
    items
}

fn place(
    item: &Item,
    writable: &mut HashSet<u64>,
    notes: &mut Vec<String>,
) -> Result<(), MountError> {
    let at = item.at.as_path();
    let is_writable = match &item.what {
        What::Overlay { lower, layer, flags, is_tree } => {
            let mounted =
                mountpoint(at, true).and_then(|()| overlay::overlay(lower, layer, at, *flags));
            match mounted {
                Ok(()) => true,
                Err(error) if *is_tree => return Err(MountError::Overlay(error.to_string())),
                Err(error) => {
                    notes.push(format!("{} is read-only inside: {error}", at.display()));
                    false
                }
            }
        }
        What::Bound { source, is_writable } => {
            bind(source, at).map_err(|error| failed(at, &error))?;
            *is_writable
        }
        What::Private { source } => {
            private_folder(source, at).map_err(|error| failed(at, &error))?;
            true
        }
        What::SharedMemory => {
            overlay::memory(at, SHARED_MEMORY_BYTES_MAX)
                .and_then(|()| fs::set_permissions(at, fs::Permissions::from_mode(EVERYBODY)))
                .map_err(|error| failed(at, &error))?;
            true
        }
        What::Hidden => {
            hide(at).map_err(|error| failed(at, &error))?;
            false
        }
    };
    if is_writable {
        writable.insert(id_of(at).map_err(|error| failed(at, &error))?);
    }
    Ok(())
}

fn bind(source: &OwnedFd, at: &Path) -> io::Result<()> {
    let source = path_of(source);
    mountpoint(at, source.is_dir())?;
    Ok(mount_bind_recursive(source, at)?)
}

fn private_folder(source: &Path, at: &Path) -> io::Result<()> {
    fs::create_dir_all(source)?;
    fs::set_permissions(source, fs::Permissions::from_mode(EVERYBODY))?;
    Ok(mount_bind(source, at)?)
}

fn hide(at: &Path) -> io::Result<()> {
    match fs::metadata(at) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(meta) if meta.is_dir() => overlay::memory(at, HIDDEN_BYTES_MAX),
        Ok(_) => Ok(mount_bind("/dev/null", at)?),
    }
}

/// Room for the places where something is shown inside of what is hidden.
const HIDDEN_BYTES_MAX: u64 = 1024 * 1024;

/// Something to mount on: where a private folder hides the real one there is nothing yet.
fn mountpoint(at: &Path, is_folder: bool) -> io::Result<()> {
    if at.symlink_metadata().is_ok() {
        return Ok(());
    }
    if is_folder {
        return fs::create_dir_all(at);
    }
    if let Some(folder) = at.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create(at).map(drop)
}

/// The last word on whether the view can be written.
fn try_to_write(root: &Path) -> Result<(), MountError> {
    let broken = |error: io::Error| MountError::Broken(format!("{}: {error}", root.display()));
    let file = root.join(format!(".brisk-{}", std::process::id()));
    fs::File::create_new(&file).map_err(broken)?;
    fs::remove_file(&file).map_err(broken)
}
