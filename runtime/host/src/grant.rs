//! What a plugin may import, and how far. The linker answers whether an import is there at all; scopes are checked in the host
//! functions, at each call.

use std::fmt::Write as _;

use stepwell_core::{Digest, Grant, PluginSource, Touches};
use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::bindings::stepwell::plugin;
use crate::bindings::wasi;
use crate::capability::branches;
use crate::error::HostError;
use crate::state::RunState;

/// An import that has to be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Import {
    Contacts,
    Events,
    Outbox,
    Templates,
    Connections,
    Http,
    Logging,
    KeyValue,
    Runs,
}

impl Import {
    pub(crate) const ALL: [Self; 9] = [
        Self::Contacts,
        Self::Events,
        Self::Outbox,
        Self::Templates,
        Self::Connections,
        Self::Http,
        Self::Logging,
        Self::KeyValue,
        Self::Runs,
    ];

    /// Its name, without the version.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Contacts => "stepwell:plugin/contacts",
            Self::Events => "stepwell:plugin/events",
            Self::Outbox => "stepwell:plugin/outbox",
            Self::Templates => "stepwell:plugin/templates",
            Self::Connections => "stepwell:plugin/connections",
            Self::Http => "wasi:http/outgoing-handler",
            Self::Logging => "wasi:logging/logging",
            Self::KeyValue => "wasi:keyvalue/store",
            Self::Runs => "stepwell:plugin/runs",
        }
    }

    /// Whether what it does cannot be taken back when the step's outcome is not stored.
    fn acts_at_once(self) -> bool {
        match self {
            Self::Http | Self::Connections => true,
            Self::Contacts
            | Self::Events
            | Self::Outbox
            | Self::Templates
            | Self::Logging
            | Self::KeyValue
            | Self::Runs => false,
        }
    }

    /// What stands for the scope in the command that grants it; none for an import without one.
    fn scope_hint(self) -> Option<&'static str> {
        match self {
            Self::Http => Some("<host>"),
            Self::Connections => Some("<connection>"),
            Self::Contacts
            | Self::Events
            | Self::Outbox
            | Self::Templates
            | Self::Logging
            | Self::KeyValue
            | Self::Runs => None,
        }
    }

    /// The command that grants it. `scope` is what was asked for, if that is known.
    pub(crate) fn cure(self, digest: Digest, scope: Option<&str>) -> String {
        let short = digest.to_string().chars().take(12).collect::<String>();
        let mut command = format!("stepwell plugin grant {short} {}", self.name());
        if let Some(scope) = self.scope_hint().map(|hint| scope.unwrap_or(hint)) {
            let _ = write!(command, " --scope {scope}");
        }
        command
    }

    /// The option that grants it at the installation.
    fn option(self) -> String {
        let scope = self.scope_hint().map_or_else(String::new, |hint| format!("={hint}"));
        format!(" --grant {}{scope}", self.name())
    }

    fn link(self, linker: &mut Linker<RunState>) -> wasmtime::Result<()> {
        match self {
            Self::Contacts => plugin::contacts::add_to_linker::<_, HasSelf<_>>(linker, |state| &mut state.run),
            Self::Events => plugin::events::add_to_linker::<_, HasSelf<_>>(linker, |state| &mut state.run),
            Self::Outbox => plugin::outbox::add_to_linker::<_, HasSelf<_>>(linker, |state| &mut state.run),
            Self::Templates => plugin::templates::add_to_linker::<_, HasSelf<_>>(linker, |state| &mut state.run),
            Self::Connections => plugin::connections::add_to_linker::<_, HasSelf<_>>(linker, |state| &mut state.run),
            Self::Runs => plugin::runs::add_to_linker::<_, HasSelf<_>>(linker, |state| &mut state.run),
            Self::Http => wasmtime_wasi_http::p2::bindings::http::outgoing_handler::add_to_linker::<
                _,
                wasmtime_wasi_http::WasiHttp,
            >(linker, wasmtime_wasi_http::WasiHttpView::http),
            Self::Logging => wasi::logging::logging::add_to_linker::<_, HasSelf<_>>(linker, |state| &mut state.run),
            Self::KeyValue => wasi::keyvalue::store::add_to_linker::<_, HasSelf<_>>(linker, |state| state),
        }
    }
}

/// Packages that every guest gets, empty: no files, no environment, no sockets.
const PLAIN: [&str; 6] = ["wasi:io/", "wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:random/", "wasi:sockets/"];

/// Interfaces that give nothing: of types alone, and what only says more about the step's answer.
const FREE: [&str; 3] = ["stepwell:plugin/types", "wasi:http/types", branches::NAME];

/// The imports of a component that have to be granted. Refuses one that this host does not know.
pub(crate) fn imports_of(component: &Component, engine: &Engine) -> Result<Vec<Import>, HostError> {
    let mut found = Vec::new();
    for (name, _) in component.component_type().imports(engine) {
        let bare = name.split('@').next().unwrap_or(name);
        match Import::ALL.into_iter().find(|import| import.name() == bare) {
            Some(import) if !found.contains(&import) => found.push(import),
            Some(_) => {}
            None if FREE.contains(&bare) || PLAIN.iter().any(|package| bare.starts_with(package)) => {}
            None => return Err(unknown_import(name)),
        }
    }
    Ok(found)
}

fn unknown_import(name: &str) -> HostError {
    let known = Import::ALL.map(Import::name).join(", ");
    let message = format!(
        "the component imports `{name}`, which this server does not offer; beside plain WASI 0.2 it offers {known}. Build \
         the component without that import"
    );
    HostError::refused("wrong-world", message)
}

/// What a component with these imports can touch. An import that is not known to be harmless counts as the world outside.
pub(crate) fn touches(imports: &[String]) -> Touches {
    let known: Vec<_> =
        Import::ALL.into_iter().filter(|import| imports.iter().any(|name| name == import.name())).collect();
    let outside = known.len() < imports.len() || known.iter().any(|import| import.acts_at_once());
    Touches {
        outside,
        contacts: known.contains(&Import::Contacts),
        events: known.contains(&Import::Events),
        keyvalue: known.contains(&Import::KeyValue),
    }
}

/// A linker with plain WASI and just these imports.
pub(crate) fn linker(engine: &Engine, imports: &[Import]) -> wasmtime::Result<Linker<RunState>> {
    let mut linker = Linker::<RunState>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let options = wasmtime_wasi_http::p2::bindings::LinkOptions::default();
    wasmtime_wasi_http::p2::bindings::http::types::add_to_linker::<_, wasmtime_wasi_http::WasiHttp>(
        &mut linker,
        &(&options).into(),
        wasmtime_wasi_http::WasiHttpView::http,
    )?;
    plugin::types::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| &mut state.run)?;
    plugin::branches::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| &mut state.run)?;
    imports.iter().try_for_each(|import| import.link(&mut linker))?;
    Ok(linker)
}

/// What one plugin was granted: each of its imports, with a scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grants(Vec<(Import, Vec<String>)>);

impl Grants {
    /// Holds what a component imports against what it was granted. A built-in one gets what it imports.
    pub(crate) fn settle(
        digest: Digest,
        source: PluginSource,
        imports: &[Import],
        given: &[Grant],
    ) -> Result<Self, HostError> {
        let mut settled = Vec::new();
        let mut missing = Vec::new();
        for &import in imports {
            match (given.iter().find(|grant| grant.import == import.name()), source) {
                (Some(grant), _) => settled.push((import, grant.scope.clone())),
                (None, PluginSource::Builtin) => settled.push((import, vec!["*".to_owned()])),
                (None, PluginSource::Installed) => missing.push(import),
            }
        }
        if missing.is_empty() { Ok(Self(settled)) } else { Err(not_granted(digest, &missing)) }
    }

    /// As the rest of the server writes them.
    pub(crate) fn list(&self) -> Vec<Grant> {
        let as_grant = |(import, scope): &(Import, Vec<String>)| Grant {
            import: import.name().to_owned(),
            scope: import.scope_hint().map_or_else(Vec::new, |_| scope.clone()),
        };
        self.0.iter().map(as_grant).collect()
    }

    /// Whether requests may go to this host.
    pub(crate) fn reaches(&self, host: &str) -> bool {
        self.scope(Import::Http).iter().any(|pattern| host_matches(pattern, host))
    }

    /// Whether this connection may be used.
    pub(crate) fn uses(&self, connection: &str) -> bool {
        self.scope(Import::Connections).iter().any(|name| name == "*" || name == connection)
    }

    fn scope(&self, wanted: Import) -> &[String] {
        self.0.iter().find(|(import, _)| *import == wanted).map_or(&[], |(_, scope)| scope)
    }
}

fn not_granted(digest: Digest, missing: &[Import]) -> HostError {
    let names = missing.iter().map(|import| format!("`{}`", import.name())).collect::<Vec<_>>().join(", ");
    let options = missing.iter().map(|import| import.option()).collect::<String>();
    let cures = missing.iter().map(|import| import.cure(digest, None)).collect::<Vec<_>>().join("; ");
    HostError::refused(
        "not-granted",
        format!(
            "the plugin imports {names} and was not granted that. To grant it: stepwell plugin install FILE{options}; where it \
             is installed already: {cures}"
        ),
    )
}

/// Whether a host is covered by `*`, by its exact name or by `*.` and a domain above it.
pub(crate) fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (plain_host(pattern), plain_host(host));
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => pattern == "*" || pattern == host,
    }
}

/// Lower case, without the dot at the end or the brackets of an IPv6 address.
fn plain_host(host: &str) -> String {
    host.trim_end_matches('.').trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: Digest = Digest([0xab; 32]);

    fn grant(import: Import, scope: &[&str]) -> Grant {
        Grant { import: import.name().to_owned(), scope: scope.iter().map(|&text| text.to_owned()).collect() }
    }

    #[test]
    fn a_scope_covers_exact_names_subdomains_or_all() {
        assert!(host_matches("*", "example.org"));
        assert!(host_matches("Example.org", "example.ORG."));
        assert!(host_matches("*.example.org", "a.b.example.org"));
        assert!(!host_matches("*.example.org", "example.org"));
        assert!(!host_matches("*.example.org", "evilexample.org"));
        assert!(!host_matches("*.example.org", ".example.org"));
        assert!(host_matches("::1", "[::1]"));
        assert!(!host_matches("example.org", "example.org.evil.test"));
    }

    #[test]
    fn a_missing_grant_is_named_with_the_command_that_gives_it() {
        let imports = [Import::Contacts, Import::Http];
        let given = [grant(Import::Contacts, &[])];
        let error = Grants::settle(DIGEST, PluginSource::Installed, &imports, &given).expect_err("http is missing");
        let HostError::Refused { code, message } = error else { panic!("refused") };
        assert_eq!(code, "not-granted");
        assert!(
            message.ends_with("stepwell plugin grant abababababab wasi:http/outgoing-handler --scope <host>"),
            "{message}"
        );
        assert!(!message.contains("contacts"), "{message}");
    }

    #[test]
    fn what_imports_nothing_that_acts_at_once_touches_nothing_outside() {
        let imports = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let inside = touches(&imports(&["stepwell:plugin/contacts", "wasi:logging/logging", "stepwell:plugin/runs"]));
        assert_eq!((inside.outside, inside.contacts, inside.events), (false, true, false));
        assert!(touches(&imports(&["wasi:http/outgoing-handler"])).outside);
        assert!(touches(&imports(&["someone:new/thing"])).outside);
    }

    #[test]
    fn a_built_in_plugin_gets_what_it_imports_and_no_more() {
        let grants = Grants::settle(DIGEST, PluginSource::Builtin, &[Import::Http], &[]).expect("granted");
        assert!(grants.reaches("example.org"));
        assert!(!grants.uses("crm"));
        assert_eq!(grants.list(), [grant(Import::Http, &["*"])]);
    }

    #[test]
    fn a_grant_without_a_scope_reaches_nothing() {
        let given = [grant(Import::Http, &[]), grant(Import::Connections, &["crm"])];
        let imports = [Import::Http, Import::Connections];
        let grants = Grants::settle(DIGEST, PluginSource::Installed, &imports, &given).expect("granted");
        assert!(!grants.reaches("example.org"));
        assert!(grants.uses("crm") && !grants.uses("mail"));
    }
}
