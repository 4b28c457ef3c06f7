//! Files that appear whole or not at all, and folders that only their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder for haul's own files, mode 0700, with all that it lies in.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Opens a file of haul's own that only its owner can read; links are not followed.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Writes a new file beside `path`, durably; the caller renames it to `path`.
pub(super) fn write_beside(path: &Path, extension: &str, text: &[u8]) -> io::Result<(std::path::PathBuf, File)> {
    let beside = path.with_extension(extension);
    match fs::remove_file(&beside) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut file = private_file().append(true).create_new(true).open(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    Ok((beside, file))
}
