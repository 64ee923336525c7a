//! Signed links under the server's public URL: opening and following an email, and changing one's subscription.
//!
//! A token names what it is for and carries its own proof, so nothing is stored for a link. It is opaque to clients: base64url
//! of a MAC and the payload. A token is good for the one kind of link it was made for, for ever.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stepwell_core::{ContactId, MessageId, WorkspaceId};
use url::Url;
use uuid::Uuid;

/// Half of the hash, as RFC 2104 allows: links stay short.
const MAC_LENGTH: usize = 16;
const ID_LENGTH: usize = 16;

/// The longest token that is looked at.
const MAX_TOKEN: usize = 8 * 1024;

/// The longest link target that is signed; a longer one is left as it is.
pub(crate) const MAX_TARGET: usize = 2 * 1024;

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Counts an opened email, and answers with a picture.
    Open,
    /// Counts a followed link, and leads on to it.
    Click,
    /// Ends a contact's subscription.
    Unsubscribe,
    /// Begins a contact's subscription.
    Subscribe,
    /// Shows a contact's subscription.
    Manage,
}

impl LinkKind {
    /// The path under the public URL; the token is its next and last segment.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Open => "t/open",
            Self::Click => "t/click",
            Self::Unsubscribe => "unsubscribe",
            Self::Subscribe => "subscribe",
            Self::Manage => "manage",
        }
    }

    const fn tag(self) -> u8 {
        match self {
            Self::Open => b'o',
            Self::Click => b'c',
            Self::Unsubscribe => b'u',
            Self::Subscribe => b's',
            Self::Manage => b'm',
        }
    }
}

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// For whom, on a link about a subscription.
    pub contact_id: Option<ContactId>,
    /// The message it was in.
    pub message_id: Option<MessageId>,
    /// Where a followed link leads.
    pub target: Option<String>,
}

/// Makes and verifies links.
#[derive(Clone)]
pub struct Links {
    base: String,
    host: String,
    secret: [u8; 32],
}

impl Links {
    /// Links under `public_url`, which may have a path, signed with `secret`.
    pub fn new(public_url: &Url, secret: [u8; 32]) -> Self {
        let base = public_url.as_str().trim_end_matches('/').to_owned();
        let host = public_url.host_str().unwrap_or("localhost").to_owned();
        Self { base, host, secret }
    }

    /// The host of the public URL, for Message-IDs.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Ends the contact's subscription.
    pub fn unsubscribe_url(&self, workspace: WorkspaceId, contact: ContactId) -> String {
        self.contact_url(LinkKind::Unsubscribe, workspace, contact, None)
    }

    /// Ends the contact's subscription, and tells which message led there.
    pub fn unsubscribe_url_of(&self, workspace: WorkspaceId, contact: ContactId, message: MessageId) -> String {
        self.contact_url(LinkKind::Unsubscribe, workspace, contact, Some(message))
    }

    /// Begins the contact's subscription.
    pub fn subscribe_url(&self, workspace: WorkspaceId, contact: ContactId) -> String {
        self.contact_url(LinkKind::Subscribe, workspace, contact, None)
    }

    /// Shows the contact's subscription.
    pub fn manage_url(&self, workspace: WorkspaceId, contact: ContactId) -> String {
        self.contact_url(LinkKind::Manage, workspace, contact, None)
    }

    /// The picture whose loading means that the message was opened.
    pub fn open_url(&self, workspace: WorkspaceId, message: MessageId) -> String {
        self.url(LinkKind::Open, &[workspace.0, message.0], "")
    }

    /// Counts a followed link of the message and leads on to `target`.
    pub fn click_url(&self, workspace: WorkspaceId, message: MessageId, target: &str) -> String {
        self.url(LinkKind::Click, &[workspace.0, message.0], target)
    }

    /// Whether an address is one of the links made here, so that it is not wrapped in another.
    pub fn is_own(&self, address: &str) -> bool {
        const ALL: [LinkKind; 5] =
            [LinkKind::Open, LinkKind::Click, LinkKind::Unsubscribe, LinkKind::Subscribe, LinkKind::Manage];
        let path = address.strip_prefix(&self.base).and_then(|rest| rest.strip_prefix('/'));
        path.is_some_and(|path| ALL.iter().any(|kind| begins_with_segments(path, kind.path())))
    }

    /// What the token of a link says; `None` unless it was made here, for a link of this kind.
    pub fn verify(&self, kind: LinkKind, token: &str) -> Option<Claim> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (mac, payload) = bytes.split_at_checked(MAC_LENGTH)?;
        self.mac(kind, payload)?.verify_truncated_left(mac).ok()?;
        read(kind, payload)
    }

    fn contact_url(
        &self,
        kind: LinkKind,
        workspace: WorkspaceId,
        contact: ContactId,
        message: Option<MessageId>,
    ) -> String {
        let ids = [Some(workspace.0), Some(contact.0), message.map(|message| message.0)];
        self.url(kind, &ids.into_iter().flatten().collect::<Vec<_>>(), "")
    }

    fn url(&self, kind: LinkKind, ids: &[Uuid], target: &str) -> String {
        let mut payload: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        payload.extend_from_slice(target.as_bytes());
        let mac = self.mac(kind, &payload).map(|mac| mac.finalize().into_bytes());
        let mut token = mac.map(|mac| mac[..MAC_LENGTH].to_vec()).unwrap_or_default();
        token.extend_from_slice(&payload);
        format!("{}/{}/{}", self.base, kind.path(), URL_SAFE_NO_PAD.encode(token))
    }

    /// `None` never happens: HMAC takes a key of any length.
    fn mac(&self, kind: LinkKind, payload: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(&[kind.tag()]);
        mac.update(payload);
        Some(mac)
    }
}

fn begins_with_segments(path: &str, segments: &str) -> bool {
    path.strip_prefix(segments).is_some_and(|rest| rest.starts_with('/'))
}

fn read(kind: LinkKind, payload: &[u8]) -> Option<Claim> {
    let (workspace, rest) = read_id(payload)?;
    let (subject, rest) = read_id(rest)?;
    let claim = Claim { workspace_id: workspace.into(), contact_id: None, message_id: None, target: None };
    match kind {
        LinkKind::Open => rest.is_empty().then(|| Claim { message_id: Some(subject.into()), ..claim }),
        LinkKind::Click => {
            let target = String::from_utf8(rest.to_vec()).ok()?;
            Some(Claim { message_id: Some(subject.into()), target: Some(target), ..claim })
        }
        LinkKind::Unsubscribe | LinkKind::Subscribe | LinkKind::Manage => {
            let message_id = read_id(rest).map(|(id, _)| MessageId(id));
            Some(Claim { contact_id: Some(subject.into()), message_id, ..claim })
        }
    }
}

fn read_id(bytes: &[u8]) -> Option<(Uuid, &[u8])> {
    let (id, rest) = bytes.split_at_checked(ID_LENGTH)?;
    Some((Uuid::from_slice(id).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
    const CONTACT: ContactId = ContactId(Uuid::from_u128(2));
    const MESSAGE: MessageId = MessageId(Uuid::from_u128(3));

    fn links(secret: u8) -> Links {
        Links::new(&Url::parse("https://mail.example.org/stepwell/").expect("url"), [secret; 32])
    }

    fn token(url: &str) -> &str {
        url.rsplit_once('/').map_or(url, |(_, token)| token)
    }

    #[test]
    fn a_followed_link_leads_to_the_target_it_was_made_for() {
        let url = links(7).click_url(WORKSPACE, MESSAGE, "https://example.com/?a=1&b=ü");
        assert!(url.starts_with("https://mail.example.org/stepwell/t/click/"), "{url}");
        let claim = links(7).verify(LinkKind::Click, token(&url)).expect("claim");
        assert_eq!(claim.message_id, Some(MESSAGE));
        assert_eq!(claim.target.as_deref(), Some("https://example.com/?a=1&b=ü"));
    }

    #[test]
    fn a_subscription_link_names_the_contact_and_the_message_it_is_in() {
        let url = links(7).unsubscribe_url_of(WORKSPACE, CONTACT, MESSAGE);
        let claim = links(7).verify(LinkKind::Unsubscribe, token(&url)).expect("claim");
        let wanted =
            Claim { workspace_id: WORKSPACE, contact_id: Some(CONTACT), message_id: Some(MESSAGE), target: None };
        assert_eq!(claim, wanted);
        let url = links(7).subscribe_url(WORKSPACE, CONTACT);
        assert_eq!(links(7).verify(LinkKind::Subscribe, token(&url)).and_then(|claim| claim.message_id), None);
    }

    #[test]
    fn a_token_is_good_for_one_kind_of_link_only() {
        let url = links(7).manage_url(WORKSPACE, CONTACT);
        assert!(links(7).verify(LinkKind::Manage, token(&url)).is_some());
        for kind in [LinkKind::Unsubscribe, LinkKind::Subscribe, LinkKind::Open, LinkKind::Click] {
            assert_eq!(links(7).verify(kind, token(&url)), None, "{kind:?}");
        }
    }

    #[test]
    fn a_token_changed_anywhere_is_refused() {
        let url = links(7).click_url(WORKSPACE, MESSAGE, "https://example.com/");
        let good = URL_SAFE_NO_PAD.decode(token(&url)).expect("base64");
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            assert_eq!(links(7).verify(LinkKind::Click, &URL_SAFE_NO_PAD.encode(bad)), None, "byte {index}");
        }
        for length in 0..good.len() {
            let cut = URL_SAFE_NO_PAD.encode(&good[..length]);
            assert_eq!(links(7).verify(LinkKind::Click, &cut), None, "length {length}");
        }
    }

    #[test]
    fn a_token_of_another_server_is_refused() {
        let url = links(7).open_url(WORKSPACE, MESSAGE);
        assert!(links(7).verify(LinkKind::Open, token(&url)).is_some());
        assert_eq!(links(8).verify(LinkKind::Open, token(&url)), None);
    }

    #[test]
    fn what_is_no_token_at_all_is_refused() {
        for text in ["", "x", "not base64!", &"A".repeat(MAX_TOKEN + 1)] {
            assert_eq!(links(7).verify(LinkKind::Open, text), None);
        }
    }

    #[test]
    fn only_links_made_here_are_own() {
        let links = links(7);
        assert!(links.is_own(&links.manage_url(WORKSPACE, CONTACT)));
        assert!(links.is_own(&links.click_url(WORKSPACE, MESSAGE, "x")));
        assert!(!links.is_own("https://mail.example.org/stepwell/pricing"));
        assert!(!links.is_own("https://mail.example.org/stepwell/unsubscribed"));
        assert!(!links.is_own("https://example.com/unsubscribe/x"));
    }
}
