//! What a disk holds, read from folders and put back into them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Bytes that reach the disk together.
pub const BLOCK: usize = 4096;

/// Files with their bytes, and folders without.
pub type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Empties folders and puts an image there. Zeros are left out, as a disk leaves them out.
pub fn restore(folders: &[PathBuf], image: &Image) {
    for folder in folders {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
    }
    for (path, bytes) in image {
        match bytes {
            None => fs::create_dir_all(path).unwrap(),
            Some(bytes) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let file = fs::File::create(path).unwrap();
                file.set_len(bytes.len() as u64).unwrap();
                for (index, block) in
                    bytes.chunks(BLOCK).enumerate().filter(|(_, block)| block.iter().any(|byte| *byte != 0))
                {
                    file.write_all_at(block, (index * BLOCK) as u64).unwrap();
                }
            }
        }
    }
}

/// What lies in these folders now.
pub fn image_of(folders: &[PathBuf]) -> Image {
    let mut image = Image::new();
    for folder in folders.iter().filter(|folder| folder.exists()) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                image.insert(path.clone(), None);
                image.extend(image_of(&[path]));
            } else {
                image.insert(path.clone(), Some(fs::read(&path).unwrap()));
            }
        }
    }
    image
}
