//! Messages and their delivery.

use stepwell_core::{Consent, Email, Message, MessageStatus, Reentry};
use stepwell_store::outbox::{self, Settled};
use stepwell_store::{StoreError, counter, prune};

use crate::prune::batch;
use crate::support::{Bed, NOW, graph, workspace, write};

async fn queued(bed: &Bed) -> Message {
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let email = Email {
        to: "ada@example.org".into(),
        to_name: None,
        from: "team@example.org".into(),
        from_name: None,
        reply_to: None,
        subject: "Hello".into(),
        html: "<p>Hello</p>".into(),
        consent: Consent::Marketing,
        contact_id: None,
        template_id: Some(bed.id()),
        options: serde_json::Map::new(),
    };
    let message = Message {
        id: bed.id(),
        workspace_id: workspace(),
        execution_id: Some(run),
        step_execution_id: Some(bed.state(run).await.1[0].id),
        step_id: Some(graph().steps[1].id),
        email,
        status: MessageStatus::Pending,
        attempts: 0,
        next_at: Some(NOW),
        error: None,
        opens: 0,
        clicks: 0,
        sent_at: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let copy = message.clone();
    let done: Result<(), StoreError> = write!(bed, |conn| {
        outbox::insert(conn, &copy).await?;
        outbox::insert(conn, &copy).await
    });
    assert!(done.is_ok());
    message
}

async fn claim(bed: &Bed, message: &Message, after: i64) -> Vec<Message> {
    let (id, now) = (message.id, NOW.plus_millis(after));
    let claimed: Result<_, StoreError> =
        write!(bed, |conn| outbox::claim(conn, &[id], now, now.plus_millis(100)).await);
    claimed.expect("claimed")
}

async fn settle(bed: &Bed, message: &Message, end: Settled) -> Option<Message> {
    let message = message.clone();
    let settled: Result<_, StoreError> = write!(bed, |conn| outbox::settle(conn, &message, &end, NOW).await);
    settled.expect("settled")
}

async fn count(bed: &Bed) -> counter::Count {
    let rows = {
        let mut conn = bed.read().await;
        let definition = stepwell_store::definition::page(&mut conn, workspace(), &Default::default(), 1, 1).await;
        let definition = definition.expect("page").items[0].definition.id;
        counter::of(&mut conn, workspace(), definition, None).await.expect("read")
    };
    rows.into_iter().find(|row| row.step_id == graph().steps[1].id).map(|row| row.count).expect("counted")
}

#[tokio::test]
async fn a_message_is_queued_once_and_read_back_the_same() {
    let bed = Bed::new().await;
    let message = queued(&bed).await;
    let mut conn = bed.read().await;
    assert_eq!(outbox::due(&mut conn, NOW, 9).await.expect("read"), std::slice::from_ref(&message));
    assert!(outbox::due(&mut conn, NOW.plus_millis(-1), 9).await.expect("read").is_empty());
    assert_eq!(outbox::list(&mut conn, workspace(), &[message.id, bed.id()]).await.expect("read"), [message]);
    assert_eq!(outbox::next_at(&mut conn).await.expect("read"), Some(NOW));
}

#[tokio::test]
async fn a_claimed_message_is_not_due_until_its_lease_runs_out() {
    let bed = Bed::new().await;
    let message = queued(&bed).await;
    let claimed = claim(&bed, &message, 0).await;
    assert_eq!((claimed[0].status, claimed[0].attempts), (MessageStatus::Sending, 1));
    assert!(claim(&bed, &message, 50).await.is_empty());
    let taken_over = claim(&bed, &message, 100).await;
    assert_eq!(taken_over[0].attempts, 2);
    assert_eq!(settle(&bed, &claimed[0], Settled::Sent).await, None, "the first attempt came too late");
    let sent = settle(&bed, &taken_over[0], Settled::Sent).await.expect("settled");
    assert_eq!((sent.status, sent.next_at, sent.sent_at), (MessageStatus::Sent, None, Some(NOW)));
    assert_eq!(count(&bed).await.sent, 1);
    assert_eq!(settle(&bed, &taken_over[0], Settled::Sent).await, None, "it is settled once");
}

#[tokio::test]
async fn a_message_is_tried_again_and_then_bounces() {
    let bed = Bed::new().await;
    let message = queued(&bed).await;
    let claimed = claim(&bed, &message, 0).await;
    let at = NOW.plus_millis(500);
    let retried = settle(&bed, &claimed[0], Settled::Retry { at, error: "451".into() }).await.expect("settled");
    assert_eq!((retried.status, retried.next_at), (MessageStatus::Pending, Some(at)));
    let claimed = claim(&bed, &message, 500).await;
    let bounced = settle(&bed, &claimed[0], Settled::Bounced { error: "550".into() }).await.expect("settled");
    assert_eq!((bounced.status, bounced.error.as_deref()), (MessageStatus::Bounced, Some("550")));
    assert_eq!((count(&bed).await.bounced, count(&bed).await.sent), (1, 0));
}

#[tokio::test]
async fn opens_and_clicks_are_counted_and_the_status_never_goes_back() {
    let bed = Bed::new().await;
    let message = queued(&bed).await;
    let claimed = claim(&bed, &message, 0).await;
    let id = message.id;
    let opened: Result<_, StoreError> = write!(bed, |conn| outbox::record_open(conn, workspace(), id, NOW).await);
    assert_eq!(opened.expect("opened").map(|now| (now.opens, now.status)), Some((1, MessageStatus::Opened)));
    let sent = settle(&bed, &claimed[0], Settled::Sent).await.expect("settled");
    assert_eq!(sent.status, MessageStatus::Opened);
    for clicks in 1..=2 {
        let clicked: Result<_, StoreError> = write!(bed, |conn| outbox::record_click(conn, workspace(), id, NOW).await);
        assert_eq!(
            clicked.expect("clicked").map(|now| (now.clicks, now.status)),
            Some((clicks, MessageStatus::Clicked))
        );
    }
    let opened: Result<_, StoreError> = write!(bed, |conn| outbox::record_open(conn, workspace(), id, NOW).await);
    assert_eq!(opened.expect("opened").map(|now| (now.opens, now.status)), Some((2, MessageStatus::Clicked)));
    let count = count(&bed).await;
    assert_eq!((count.opened, count.clicked, count.sent), (1, 1, 1));
}

#[tokio::test]
async fn settled_messages_go_after_their_time_and_queued_ones_stay() {
    let bed = Bed::new().await;
    let (sent, waiting) = (queued(&bed).await, queued(&bed).await);
    let claimed = claim(&bed, &sent, 0).await;
    settle(&bed, &claimed[0], Settled::Sent).await.expect("settled");
    let mut pruned = Vec::new();
    for after in [0, 1, 1] {
        let before = NOW.plus_millis(after);
        let batch: Result<prune::Pruned, StoreError> =
            write!(bed, |conn| prune::messages(conn, workspace(), before, batch(9)).await);
        pruned.push(batch.expect("pruned").deleted);
    }
    assert_eq!(pruned, [0, 1, 0]);
    let left = outbox::list(&mut bed.read().await, workspace(), &[sent.id, waiting.id]).await.expect("read");
    assert_eq!(left.iter().map(|message| message.id).collect::<Vec<_>>(), [waiting.id]);
}

#[tokio::test]
async fn what_was_taken_before_a_crash_can_be_taken_again_at_once_and_what_waits_goes_on_waiting() {
    let bed = Bed::new().await;
    let (taken, waits) = (queued(&bed).await, queued(&bed).await);
    assert_eq!(claim(&bed, &taken, 0).await.len(), 1);
    let attempt = claim(&bed, &waits, 0).await.remove(0);
    settle(&bed, &attempt, Settled::Retry { at: NOW.plus_millis(90), error: "busy".into() }).await;
    let released: Result<_, StoreError> = write!(bed, |conn| outbox::release(conn, NOW.plus_millis(1)).await);
    // Where other nodes deliver as well, nobody knows that it was a crash; the lease has to run out.
    let alone = !bed.store.is_shared();
    assert_eq!(released.expect("released"), u64::from(alone));
    let again = claim(&bed, &taken, 1).await;
    assert_eq!(again.first().map(|message| message.attempts), alone.then_some(2));
    assert!(claim(&bed, &waits, 1).await.is_empty());
}
