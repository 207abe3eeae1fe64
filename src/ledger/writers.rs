//! The writing connections of one process, each used by one at a time.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::database::{Connection, Writer};

/// The connections that write.
#[derive(Clone)]
pub(super) struct Writers {
    idle: Arc<Mutex<Vec<Writer>>>,
    free: Arc<Semaphore>,
}

impl Writers {
    pub(super) fn new(connections: Vec<Writer>) -> Self {
        Self { free: Arc::new(Semaphore::new(connections.len())), idle: Arc::new(Mutex::new(connections)) }
    }

    /// Waits until a connection is free. The one given back last comes first, as it has its statements at hand.
    pub(super) async fn turn(&self) -> Turn {
        loop {
            let permit = Arc::clone(&self.free).acquire_owned().await.ok();
            let writer = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            if let Some(writer) = writer {
                return Turn { writer: Some(writer), idle: Arc::clone(&self.idle), _permit: permit };
            }
        }
    }
}

/// A writing connection, until dropped.
pub struct Turn {
    /// There until dropped.
    writer: Option<Writer>,
    idle: Arc<Mutex<Vec<Writer>>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Deref for Turn {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        self.writer.as_ref().expect("a turn has its connection until dropped")
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Writer {
        self.writer.as_mut().expect("a turn has its connection until dropped")
    }
}

impl AsMut<Connection> for Turn {
    fn as_mut(&mut self) -> &mut Connection {
        self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.writer.take());
    }
}
