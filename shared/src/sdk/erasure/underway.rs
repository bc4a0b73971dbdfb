//! What no transaction can hold: files and connections. They are noted, removed, and counted with the note's end:
//! whoever finds a note finishes that first.

use aws_sdk_dynamodb::types::Delete;
use uuid::Uuid;

use super::super::dynamo::deleting;
use super::tenant::{Progress, Run};
use crate::error::{Error, Result};
use crate::keys::{Key, ObjectPath, Stored};
use crate::model::deletion::{Kind, Removed, Underway};
use crate::model::id::UserId;
use crate::sdk::socket::Delivery;

/// How many files are removed at a time: their paths fit into a note with room to spare.
const FILES: usize = 100;

/// How many connections are.
const CONNECTIONS: usize = 100;

impl Run<'_> {
    /// Removes all files.
    pub(super) async fn files(&self) -> Result<Progress> {
        let all = ObjectPath::all_of(self.tenant);
        while self.eraser.has_time() {
            self.settle_underway().await?;
            let found = self.storage.list(&all, FILES).await?;
            if found.is_empty() {
                return Ok(Progress::Finished);
            }
            let note = Underway {
                file_bytes: found.iter().map(|(_, bytes)| bytes).sum(),
                files: found.into_iter().map(|(path, _)| path).collect(),
                ..Underway::default()
            };
            self.remove(note).await?;
        }
        Ok(Progress::Interrupted(None))
    }

    /// Ends a user's connections.
    pub(super) async fn connections(&self, user_id: UserId) -> Result<()> {
        loop {
            // Whatever is under way may be these: they are counted once.
            self.settle_underway().await?;
            let mut open = self.socket.open_in(self.tenant, user_id).await?;
            open.truncate(CONNECTIONS);
            if open.is_empty() {
                return Ok(());
            }
            let note = Underway {
                connections: open.clone(),
                ..Underway::default()
            };
            if !self.remove(note).await? {
                continue;
            }
            // One that was only half opened is known by this row alone.
            for connection in &open {
                let row = Key::user_connection(user_id, connection);
                self.eraser.dynamo.delete(&row).await?;
            }
        }
    }

    /// Finishes what another run has begun.
    pub(super) async fn settle_underway(&self) -> Result<()> {
        let note = self.eraser.dynamo.get(self.note()).await?;
        match note {
            Some(note) => self.settle(&note).await,
            None => Ok(()),
        }
    }

    /// If another note stands there by now, that is finished first and this comes up again. Returns whether it was
    /// removed.
    async fn remove(&self, note: Underway) -> Result<bool> {
        let note = Underway {
            id: Uuid::new_v4().to_string(),
            ..note
        };
        let noted = self.eraser.dynamo.create(&self.note(), &note).await?;
        if noted {
            self.settle(&self.note().stores(note)).await?;
        }
        Ok(noted)
    }

    async fn settle(&self, note: &Stored<Underway>) -> Result<()> {
        self.storage.remove_all(&note.files).await?;
        for connection in &note.connections {
            if self.socket.disconnect(connection).await? == Delivery::Busy {
                return Err(Error::unavailable("the gateway is busy"));
            }
            self.socket.forget(connection).await?;
        }
        let dynamo = &self.eraser.dynamo;
        let delete = Delete::builder()
            .table_name(dynamo.table(note.key().table())?)
            .set_key(Some(note.key().item()))
            .condition_expression("id = :id")
            .expression_attribute_values(
                ":id",
                aws_sdk_dynamodb::types::AttributeValue::S(note.id.clone()),
            );
        let delete = delete.build().map(deleting).map_err(Error::internal)?;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let mut removed = Removed::default();
        removed.count(Kind::File, count(note.files.len()));
        removed.count(Kind::FileByte, note.file_bytes);
        removed.count(Kind::Connection, count(note.connections.len()));
        let _or_another_run_has = self.eraser.counted(vec![delete], &removed).await?;
        Ok(())
    }

    fn note(&self) -> Key<Underway> {
        Key::underway(self.tenant.id())
    }
}
