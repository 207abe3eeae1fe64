//! Files and folders below a declared root.
//!
//! Each part of a path is opened relative to the folder before it, and none is
//! followed if it is a link. So nothing outside of the root can be reached,
//! whatever a value says and however the folders change meanwhile.

use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, statat, unlinkat};
use rustix::io::Errno;

use super::place::parts;
use crate::policy::FileKind;

/// The deepest that a folder's contents may be nested.
const DEEPEST: usize = 64;

/// The file by which a root is recognized. Without it a volume that is not
/// mounted looks like a root whose files are deleted.
pub const MARKER: &str = ".lethe-root";

/// The longest marker that is read, in bytes.
pub(super) const LONGEST_MARK: usize = 64;

/// A folder in which files of clients lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// A root that is open: whatever its path leads to meanwhile, this is the same folder.
#[derive(Debug)]
pub struct OpenFolder {
    folder: OwnedFd,
    /// The file system that it is on.
    pub(super) device: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    Deleted,
    /// It was not there.
    Missing,
}

/// Why a file is not deleted. Neither quotes the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// It must not be, and never will.
    #[error("{0}")]
    Refused(&'static str),
    /// It cannot be now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Errno> for FileFault {
    fn from(error: Errno) -> Self {
        Self::Unavailable(format!("the system says: {}", std::io::Error::from(error).kind()))
    }
}

impl Folder {
    /// A root in this folder, which need not be there yet.
    pub fn new(folder: &Path) -> Result<Self, &'static str> {
        if !folder.is_absolute() {
            return Err("is not an absolute path");
        }
        if folder.components().any(|part| matches!(part, std::path::Component::ParentDir)) {
            return Err("has `..` in it");
        }
        if folder.parent().is_none() || std::fs::canonicalize(folder).is_ok_and(|real| real.parent().is_none()) {
            return Err("is the root of the whole file system");
        }
        Ok(Self { path: folder.components().collect() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether one of the two lies in the other, as their links lead now.
    pub fn overlaps(&self, other: &Self) -> bool {
        let real = |own: &Self| std::fs::canonicalize(&own.path).unwrap_or_else(|_| own.path.clone());
        let (own, other) = (real(self), real(other));
        own.starts_with(&other) || other.starts_with(&own)
    }

    /// Opens it, as the links of its path lead now.
    pub fn open(&self) -> Result<OpenFolder, FileFault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, &self.path, flags, Mode::empty()).map_err(|error| {
            FileFault::Unavailable(format!("the root cannot be opened: {}", std::io::Error::from(error).kind()))
        })?;
        let device = fstat(&folder)?.st_dev;
        Ok(OpenFolder { folder, device })
    }
}

impl OpenFolder {
    /// Whether there is nothing in it but the marker.
    pub(super) fn is_empty(&self) -> Result<bool, FileFault> {
        for entry in Dir::read_from(&self.folder)? {
            let entry = entry?;
            if ![&b"."[..], b"..", MARKER.as_bytes()].contains(&entry.file_name().to_bytes()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the marker holds; `None` if there is none.
    pub(super) fn mark(&self) -> Result<Option<String>, FileFault> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match openat(&self.folder, MARKER, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = [0; LONGEST_MARK];
        let read = rustix::io::read(&file, &mut bytes)?;
        mark_in(&bytes[..read]).map(Some)
    }

    /// Writes the marker if there is none; `false` if files cannot be created in the root itself.
    ///
    /// # Errors
    ///
    /// [`FileFault::Unavailable`] if it cannot be written for another reason.
    pub(super) fn write_mark(&self, mark: &str) -> Result<bool, FileFault> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        let file = match openat(&self.folder, MARKER, flags, mode) {
            Ok(file) => file,
            // Another process was quicker.
            Err(Errno::EXIST) => return Ok(true),
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::NOSPC | Errno::DQUOT) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        rustix::io::write(&file, format!("{mark}\n").as_bytes())?;
        rustix::fs::fsync(&file)?;
        Ok(true)
    }

    /// Deletes a file below the root, or a folder in it with everything that it
    /// holds. Blocks.
    ///
    /// # Errors
    ///
    /// [`FileFault`] if it must not or cannot be deleted; a folder may then be
    /// emptied in part.
    pub fn delete(&self, path: &str, kind: FileKind) -> Result<Removed, FileFault> {
        let mut way = parts(path)?;
        let Some(last) = way.pop() else { return Err(FileFault::Refused("the value names nothing")) };
        if kind == FileKind::Folder && !way.is_empty() {
            return Err(FileFault::Refused("the folder is not directly in the root"));
        }
        let device = self.device;
        let mut folder = self
            .folder
            .try_clone()
            .map_err(|error| FileFault::Unavailable(format!("the root cannot be opened: {}", error.kind())))?;
        for part in way {
            folder = match enter(folder.as_fd(), part) {
                Ok(inner) => inner,
                Err(Errno::NOENT) => return Ok(Removed::Missing),
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    return Err(FileFault::Refused("a part of the path is a link, or no folder"));
                }
                Err(error) => return Err(error.into()),
            };
            if fstat(&folder)?.st_dev != device {
                return Err(FileFault::Refused("a part of the path is on another file system than the root"));
            }
        }
        match (kind, kind_of(folder.as_fd(), last)?) {
            (_, None) => Ok(Removed::Missing),
            (FileKind::File, Some(FileType::RegularFile)) => remove(folder.as_fd(), last, AtFlags::empty()),
            (FileKind::Folder, Some(FileType::Directory)) => {
                let inner = enter(folder.as_fd(), last)?;
                if fstat(&inner)?.st_dev != device {
                    return Err(FileFault::Refused("the folder is on another file system than the root"));
                }
                empty(&inner, device, 0)?;
                remove(folder.as_fd(), last, AtFlags::REMOVEDIR)
            }
            (_, Some(FileType::Symlink)) => Err(FileFault::Refused("the path leads to a link")),
            (FileKind::File, Some(_)) => Err(FileFault::Refused("the path does not lead to a file")),
            (FileKind::Folder, Some(_)) => Err(FileFault::Refused("the path does not lead to a folder")),
        }
    }
}

/// What a marker with this content says.
pub(super) fn mark_in(content: &[u8]) -> Result<String, FileFault> {
    match std::str::from_utf8(content).map(str::trim) {
        Ok(mark) if !mark.is_empty() => Ok(mark.to_owned()),
        _ => Err(FileFault::Unavailable(format!("its file `{MARKER}` is not as it was written"))),
    }
}

/// Opens a folder in a folder, and follows no link.
fn enter(folder: BorrowedFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    openat(folder, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

fn kind_of(folder: BorrowedFd, name: impl rustix::path::Arg) -> Result<Option<FileType>, FileFault> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Another process may have been quicker.
fn remove(folder: BorrowedFd, name: impl rustix::path::Arg, flags: AtFlags) -> Result<Removed, FileFault> {
    match unlinkat(folder, name, flags) {
        Ok(()) => Ok(Removed::Deleted),
        Err(Errno::NOENT) => Ok(Removed::Missing),
        Err(error) => Err(error.into()),
    }
}

/// Deletes everything in a folder. A link in it is deleted, and not followed.
fn empty(folder: &OwnedFd, device: u64, depth: usize) -> Result<(), FileFault> {
    if depth > DEEPEST {
        return Err(FileFault::Refused("the folder is nested too deeply"));
    }
    // What is read while entries are deleted may leave some out, so it is read until nothing is left.
    loop {
        let mut seen = 0;
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            seen += 1;
            if kind_of(folder.as_fd(), name)? == Some(FileType::Directory) {
                let inner = enter(folder.as_fd(), name)?;
                if fstat(&inner)?.st_dev != device {
                    return Err(FileFault::Refused("a part of the folder is on another file system than the root"));
                }
                empty(&inner, device, depth + 1)?;
                remove(folder.as_fd(), name, AtFlags::REMOVEDIR)?;
            } else {
                remove(folder.as_fd(), name, AtFlags::empty())?;
            }
        }
        if seen == 0 {
            return Ok(());
        }
    }
}
