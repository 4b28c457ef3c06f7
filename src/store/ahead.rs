//! What would stand in the way of a transfer that is to go elsewhere: looked at before it is stopped for that, which costs it its
//! connections.

use std::path::Path;

use rustix::fs::{Access, access};

use super::relocate::{in_the_way, is_free};
use crate::model::Fault;

/// True words for a place to which what there is of a file can't go: something stands there, another transfer fetches it, or
/// its folder can't be made. That it can is no promise, as the disk may change.
pub fn could_go(state: &Path, to: &Path) -> Result<(), Fault> {
    is_free(to)?;
    in_the_way(state, to)?;
    let folder = to.parent().unwrap_or(Path::new("."));
    let above = folder.ancestors().find(|above| above.symlink_metadata().is_ok());
    // Only in a folder another can be made.
    let allowed = above.map(|above| match above.metadata() {
        Ok(met) if !met.is_dir() => Err(rustix::io::Errno::NOTDIR.into()),
        Ok(_) => access(above, Access::WRITE_OK | Access::EXEC_OK).map_err(Into::into),
        Err(why) => Err(why),
    });
    allowed.unwrap_or(Ok(())).map_err(|why| Fault::disk(folder.display(), "making the folder", &why))
}
