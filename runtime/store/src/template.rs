//! Message templates: pages, changes, and who uses them.

use stepwell_core::{Graph, Template, TemplateId, TemplateKind, WorkspaceId};

use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreError;
use crate::page::{Direction, Page};
use crate::row::{Read, all, word};
use crate::sql::{DbRow, query};
use sqlx::AssertSqlSafe;

/// What a list of templates is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateSort {
    /// The name, letters compared regardless of case.
    Name,
    /// When it was created.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
}

/// Which templates, in which order.
#[derive(Clone, Debug)]
pub struct TemplateQuery {
    /// A text in the name, description or subject.
    pub search: Option<String>,
    /// Only this kind.
    pub kind: Option<TemplateKind>,
    /// What to sort by.
    pub sort: TemplateSort,
    /// In which direction.
    pub direction: Direction,
    /// How many to return.
    pub limit: u32,
    /// How many to skip.
    pub offset: u64,
}

/// Who uses a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateUsage {
    /// Steps of the newest versions of graphs.
    pub steps: u64,
    /// Messages made from it that a mail server took.
    pub sent: u64,
}

const FOUND: &str = "from template where workspace_id = $1 and ($2 is null or kind = $2) and ($3 is null
    or lower(name) like lower($3) escape '\\' or lower(coalesce(description, '')) like lower($3) escape '\\'
    or lower(subject) like lower($3) escape '\\')";

/// A page of the templates of a workspace.
pub async fn page(
    conn: &mut Conn,
    workspace: WorkspaceId,
    wanted: &TemplateQuery,
) -> Result<Page<Template>, StoreError> {
    let (kind, search) = (wanted.kind.map(|kind| word(&kind)).transpose()?, wanted.search.as_deref());
    let search = search.map(dialect::contains);
    let text = format!("select * {FOUND} order by {} limit $4 offset $5", order(wanted));
    let rows = query(AssertSqlSafe(text))
        .bind(workspace.to_string())
        .bind(&kind)
        .bind(&search)
        .bind(i64::from(wanted.limit))
        .bind(i64::try_from(wanted.offset).unwrap_or(i64::MAX))
        .fetch_all(conn.db())
        .await?;
    let total = query(AssertSqlSafe(format!("select count(*) as n {FOUND}")))
        .bind(workspace.to_string())
        .bind(&kind)
        .bind(&search)
        .fetch_one(conn.db())
        .await?;
    Ok(Page { items: all(rows, read)?, total: total.number("n")? })
}

fn order(wanted: &TemplateQuery) -> String {
    let column = match wanted.sort {
        TemplateSort::Name => "lower(name)",
        TemplateSort::CreatedAt => "created_at",
        TemplateSort::UpdatedAt => "updated_at",
    };
    let way = wanted.direction.sql();
    format!("{column} {way}, id {way}")
}

/// The template of this id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: TemplateId) -> Result<Option<Template>, StoreError> {
    let row = query("select * from template where workspace_id = $1 and id = $2")
        .bind(workspace.to_string())
        .bind(id.to_string())
        .fetch_optional(conn.db())
        .await?;
    row.as_ref().map(read).transpose()
}

/// Stores a new template.
pub async fn insert(conn: &mut Conn, new: &Template) -> Result<(), StoreError> {
    query(
        "insert into template (id, workspace_id, name, description, subject, body, sender, sender_name, reply_to, kind,
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(new.id.to_string())
    .bind(new.workspace_id.to_string())
    .bind(&new.name)
    .bind(&new.description)
    .bind(&new.subject)
    .bind(&new.body)
    .bind(&new.from)
    .bind(&new.from_name)
    .bind(&new.reply_to)
    .bind(word(&new.kind)?)
    .bind(new.created_at.0)
    .bind(new.updated_at.0)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// Stores a template over the one of its id; false if there is none.
pub async fn update(conn: &mut Conn, template: &Template) -> Result<bool, StoreError> {
    let done = query(
        "update template set name = $3, description = $4, subject = $5, body = $6, sender = $7, sender_name = $8,
         reply_to = $9, kind = $10, updated_at = $11 where workspace_id = $1 and id = $2",
    )
    .bind(template.workspace_id.to_string())
    .bind(template.id.to_string())
    .bind(&template.name)
    .bind(&template.description)
    .bind(&template.subject)
    .bind(&template.body)
    .bind(&template.from)
    .bind(&template.from_name)
    .bind(&template.reply_to)
    .bind(word(&template.kind)?)
    .bind(template.updated_at.0)
    .execute(conn.db())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a template; false if there is none. Whether something uses it is the caller's question.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, id: TemplateId) -> Result<bool, StoreError> {
    let done = query("delete from template where workspace_id = $1 and id = $2")
        .bind(workspace.to_string())
        .bind(id.to_string())
        .execute(conn.db())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Who uses a template.
pub async fn usage(conn: &mut Conn, workspace: WorkspaceId, id: TemplateId) -> Result<TemplateUsage, StoreError> {
    let newest = "exists (select 1 from definition d where d.id = v.definition_id and d.version = v.version)";
    let steps = steps_using(conn, workspace, &[id], newest).await?;
    let row = query(
        "select count(*) as n from outbox_message where template_id = $2 and workspace_id = $1 and sent_at is not null",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .fetch_one(conn.db())
    .await?;
    Ok(TemplateUsage { steps, sent: row.number("n")? })
}

/// Whether a step uses one of the templates: in the newest version of a graph, or in one that an execution still runs on.
pub async fn are_used(conn: &mut Conn, workspace: WorkspaceId, ids: &[TemplateId]) -> Result<bool, StoreError> {
    let live = "(exists (select 1 from definition d where d.id = v.definition_id and d.version = v.version)
        or exists (select 1 from execution e where e.definition_id = v.definition_id
            and e.definition_version = v.version and e.completed_at is null))";
    Ok(steps_using(conn, workspace, ids, live).await? > 0)
}

/// Counts steps in the graph versions `v` for which `condition` holds. Graphs are JSON text: where one id is looked for, those
/// that do not have it anywhere are not read.
async fn steps_using(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[TemplateId],
    condition: &'static str,
) -> Result<u64, StoreError> {
    let text = format!(
        "select v.graph from definition_version v where v.workspace_id = $1 and v.graph like $2 and {condition}"
    );
    let pattern = if let [id] = ids { format!("%{id}%") } else { "%".to_owned() };
    let rows = query(AssertSqlSafe(text)).bind(workspace.to_string()).bind(pattern).fetch_all(conn.db()).await?;
    let graphs = all(rows, |row| row.json::<Graph>("graph"))?;
    let steps = graphs.iter().flat_map(|graph| &graph.steps);
    Ok(steps.filter(|step| step.template_id.is_some_and(|used| ids.contains(&used))).count() as u64)
}

fn read(row: &DbRow) -> Result<Template, StoreError> {
    Ok(Template {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        name: row.raw("name")?,
        description: row.raw("description")?,
        subject: row.raw("subject")?,
        body: row.raw("body")?,
        from: row.raw("sender")?,
        from_name: row.raw("sender_name")?,
        reply_to: row.raw("reply_to")?,
        kind: row.word("kind")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
