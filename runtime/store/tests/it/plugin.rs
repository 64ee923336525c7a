//! Components.

use stepwell_core::{Digest, Grant, PluginInfo, PluginSource, WorkspaceId};
use stepwell_store::{StoreError, plugin};

use crate::support::{Bed, NOW, stranger, workspace, write};

const DIGEST: Digest = Digest([7; 32]);

fn info(workspace_id: Option<WorkspaceId>) -> PluginInfo {
    PluginInfo {
        digest: DIGEST,
        workspace_id,
        source: PluginSource::Installed,
        steps: vec![],
        imports: vec!["wasi:http/outgoing-handler".into()],
        grants: vec![],
        size: 3,
    }
}

async fn install(bed: &Bed, owner: Option<WorkspaceId>, component: &'static [u8]) {
    let done: Result<(), StoreError> = write!(bed, |conn| plugin::insert(conn, &info(owner), component, NOW).await);
    assert!(done.is_ok());
}

#[tokio::test]
async fn one_component_may_belong_to_all_and_to_a_workspace_beside() {
    let bed = Bed::new().await;
    install(&bed, None, b"one").await;
    install(&bed, Some(workspace()), b"two").await;
    install(&bed, None, b"three").await;
    let mut conn = bed.read().await;
    assert_eq!(plugin::list(&mut conn).await.expect("list").len(), 2);
    let of = async |conn: &mut _, owner| plugin::component(conn, owner, DIGEST).await.expect("read");
    assert_eq!(of(&mut conn, None).await.as_deref(), Some(&b"three"[..]));
    assert_eq!(of(&mut conn, Some(workspace())).await.as_deref(), Some(&b"two"[..]));
    assert_eq!(of(&mut conn, Some(stranger())).await, None);
}

#[tokio::test]
async fn grants_are_replaced_and_survive_a_restart() {
    let bed = Bed::new().await;
    install(&bed, Some(workspace()), b"one").await;
    let grant = Grant { import: "wasi:http/outgoing-handler".into(), scope: vec!["example.org".into()] };
    let grants = [grant];
    let copy = grants.clone();
    let set: Result<bool, StoreError> =
        write!(bed, |conn| plugin::set_grants(conn, Some(workspace()), DIGEST, &copy).await);
    assert_eq!(set.ok(), Some(true));
    let bed = bed.reopened().await;
    let listed = plugin::list(&mut bed.read().await).await.expect("list");
    assert_eq!(listed, [PluginInfo { grants: grants.to_vec(), ..info(Some(workspace())) }]);
    let foreign: Result<bool, StoreError> = write!(bed, |conn| plugin::delete(conn, Some(stranger()), DIGEST).await);
    let own: Result<bool, StoreError> = write!(bed, |conn| plugin::delete(conn, Some(workspace()), DIGEST).await);
    assert_eq!((foreign.ok(), own.ok()), (Some(false), Some(true)));
}
