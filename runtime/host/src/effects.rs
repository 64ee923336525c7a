//! What a run did through transactional capabilities, buffered and bounded, with what it must see of its own writes.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use serde_json::Value;
use stepwell_core::{ChildTarget, Contact, ContactChange, ContactId, Effect, Email, ExecutionId, MessageId};

/// The most changes of contacts, events and emails of one run.
const MAX_UPDATES: u32 = 100;
const MAX_EVENTS: u32 = 100;
const MAX_EMAILS: u32 = 50;

/// The most executions one run may start.
const MAX_STARTS: u32 = 20;

/// The most keys of the key-value store one run may write.
const MAX_VALUES: usize = 1_000;

/// What each effect costs beside its content.
const COST: usize = 256;

/// The buffered effects of one run.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    list: Vec<Effect>,
    /// Contacts as this run left them.
    contacts: HashMap<ContactId, Contact>,
    /// The last write to each key, by bucket and key; none for a deletion.
    values: BTreeMap<(String, String), Option<Vec<u8>>>,
    room: usize,
    updates: u32,
    events: u32,
    emails: u32,
    starts: u32,
}

/// Why no more is buffered, in words.
pub(crate) type Full = String;

impl Effects {
    pub(crate) fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// Has the run see this contact in place of the stored one: in a dry run it may be made up, or changed by an earlier step.
    pub(crate) fn assume(&mut self, contact: Contact) {
        self.contacts.insert(contact.id, contact);
    }

    /// The contact as this run left it, if it changed it.
    pub(crate) fn contact(&self, id: ContactId) -> Option<&Contact> {
        self.contacts.get(&id)
    }

    /// How many emails were queued.
    pub(crate) fn emails(&self) -> u32 {
        self.emails
    }

    pub(crate) fn update_contact(&mut self, contact: Contact, change: ContactChange, size: usize) -> Result<(), Full> {
        count(&mut self.updates, MAX_UPDATES, "changes of contacts")?;
        self.take_room(size)?;
        self.list.push(Effect::UpdateContact { contact_id: contact.id, change });
        self.contacts.insert(contact.id, contact);
        Ok(())
    }

    pub(crate) fn emit(
        &mut self,
        name: String,
        contact_id: Option<ContactId>,
        data: Value,
        size: usize,
    ) -> Result<(), Full> {
        count(&mut self.events, MAX_EVENTS, "events")?;
        self.take_room(size)?;
        self.list.push(Effect::EmitEvent { name, contact_id, data });
        Ok(())
    }

    pub(crate) fn queue(&mut self, id: MessageId, email: Email, size: usize) -> Result<(), Full> {
        count(&mut self.emails, MAX_EMAILS, "emails")?;
        self.take_room(size)?;
        self.list.push(Effect::QueueEmail { id, email });
        Ok(())
    }

    pub(crate) fn start(
        &mut self,
        id: ExecutionId,
        target: ChildTarget,
        input: Value,
        size: usize,
    ) -> Result<(), Full> {
        count(&mut self.starts, MAX_STARTS, "starts of executions")?;
        self.take_room(size)?;
        self.list.push(Effect::StartChild { id, target, input });
        Ok(())
    }

    /// Whether this run starts an execution of this id.
    pub(crate) fn starts(&self, id: ExecutionId) -> bool {
        self.list.iter().any(|effect| matches!(effect, Effect::StartChild { id: started, .. } if *started == id))
    }

    /// What this run wrote under a key; `Some(None)` if it deleted it.
    pub(crate) fn value(&self, bucket: &str, key: &str) -> Option<Option<&[u8]>> {
        self.values.get(&(bucket.to_owned(), key.to_owned())).map(Option::as_deref)
    }

    pub(crate) fn write_value(&mut self, bucket: &str, key: String, value: Option<Vec<u8>>) -> Result<(), Full> {
        let place = (bucket.to_owned(), key);
        if self.values.len() >= MAX_VALUES && !self.values.contains_key(&place) {
            return Err(format!("a run may write {MAX_VALUES} keys at most"));
        }
        let freed = self.values.get(&place).map_or(0, |old| cost_of_value(&place, old.as_deref()));
        self.room += freed;
        if let Err(full) = self.take_room(cost_of_value(&place, value.as_deref()).saturating_sub(COST)) {
            self.room -= freed;
            return Err(full);
        }
        self.values.insert(place, value);
        Ok(())
    }

    /// The keys this run wrote or deleted in a bucket, after one key and up to another, in order.
    pub(crate) fn written_keys<'a>(
        &'a self,
        bucket: &'a str,
        after: Option<&str>,
        up_to: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, bool)> {
        let from = match after {
            Some(key) => Bound::Excluded((bucket.to_owned(), key.to_owned())),
            None => Bound::Included((bucket.to_owned(), String::new())),
        };
        self.values
            .range((from, Bound::Unbounded))
            .take_while(move |((of, key), _)| of == bucket && up_to.is_none_or(|last| key.as_str() <= last))
            .map(|((_, key), value)| (key.as_str(), value.is_some()))
    }

    /// All effects, those on the key-value store last.
    pub(crate) fn into_list(self) -> Vec<Effect> {
        let mut list = self.list;
        list.extend(self.values.into_iter().map(|((bucket, key), value)| match value {
            Some(value) => Effect::SetValue { bucket, key, value },
            None => Effect::DeleteValue { bucket, key },
        }));
        list
    }

    fn take_room(&mut self, size: usize) -> Result<(), Full> {
        self.room = self
            .room
            .checked_sub(size.saturating_add(COST))
            .ok_or("this run has buffered more than a run may: do less, or use a checkpoint in between")?;
        Ok(())
    }
}

fn cost_of_value(place: &(String, String), value: Option<&[u8]>) -> usize {
    place.0.len() + place.1.len() + value.map_or(0, <[u8]>::len) + COST
}

fn count(counter: &mut u32, most: u32, what: &str) -> Result<(), Full> {
    if *counter >= most {
        return Err(format!("a run may make {most} {what} at most"));
    }
    *counter += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_write_to_a_key_counts() {
        let mut effects = Effects::new(10_000);
        effects.write_value("a/b", "k".into(), Some(vec![1])).expect("room");
        effects.write_value("a/b", "k".into(), None).expect("room");
        assert_eq!(effects.value("a/b", "k"), Some(None));
        assert_eq!(effects.into_list(), [Effect::DeleteValue { bucket: "a/b".into(), key: "k".into() }]);
    }

    #[test]
    fn overwriting_a_key_does_not_use_up_room() {
        let mut effects = Effects::new(2_000);
        for _ in 0..100 {
            effects.write_value("a/b", "k".into(), Some(vec![0; 1_000])).expect("room");
        }
        assert!(effects.write_value("a/b", "other".into(), Some(vec![0; 1_000])).is_err());
        assert!(effects.write_value("a/b", "k".into(), Some(vec![0; 1_000])).is_ok(), "a refused write costs nothing");
    }

    #[test]
    fn written_keys_are_those_of_the_bucket_in_the_range() {
        let mut effects = Effects::new(10_000);
        for (bucket, key) in [("a/b", "1"), ("a/b", "2"), ("a/b", "3"), ("a/c", "0"), ("a/a", "9")] {
            effects.write_value(bucket, key.into(), Some(Vec::new())).expect("room");
        }
        let keys: Vec<_> = effects.written_keys("a/b", Some("1"), Some("3")).collect();
        assert_eq!(keys, [("2", true), ("3", true)]);
        assert_eq!(effects.written_keys("a/b", None, None).count(), 3);
    }

    #[test]
    fn a_run_emits_a_hundred_events_at_most() {
        let mut effects = Effects::new(1_000_000);
        for _ in 0..MAX_EVENTS {
            effects.emit("seen".into(), None, Value::Null, 10).expect("room");
        }
        assert!(effects.emit("seen".into(), None, Value::Null, 10).is_err());
    }
}
