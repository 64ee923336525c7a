//! From pieces to a tree: which tags stand alone and which enclose others.

use crate::limits::MAX_DEPTH;
use crate::problem::Mistake;

use super::cursor::Cursor;
use super::expression::{Chain, chain};
use super::pieces::{Inside, Piece, Pieces};
use super::tags;
use super::tree::Node;

/// A template that can be rendered.
pub(crate) struct Parsed<'s> {
    pub(crate) nodes: Vec<Node<'s>>,
    /// The first filter that does not exist.
    pub(crate) unknown: Option<Mistake>,
}

/// Parses a template.
pub(crate) fn parse(source: &str) -> Result<Parsed<'_>, Mistake> {
    let mut parser = Parser { pieces: Pieces::new(source), unknown: None, depth: 0 };
    let (nodes, _) = parser.body(&[])?;
    Ok(Parsed { nodes, unknown: parser.unknown })
}

/// A tag: its name and the inside it was read from.
pub(crate) struct Tag<'s> {
    pub(crate) inside: Inside<'s>,
    pub(crate) name: String,
}

/// The state of parsing, which `tags` drives.
pub(crate) struct Parser<'s> {
    pieces: Pieces<'s>,
    unknown: Option<Mistake>,
    depth: usize,
}

impl<'s> Parser<'s> {
    /// Parses up to a tag named by `ends`, which is answered too, or up to the end of the source.
    pub(crate) fn body(&mut self, ends: &[&str]) -> Result<(Vec<Node<'s>>, Option<Tag<'s>>), Mistake> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next()? {
            match piece {
                Piece::Text(text) => nodes.push(Node::Text(text)),
                Piece::Output(inside) if inside.text.trim().is_empty() => {}
                Piece::Output(inside) => nodes.push(Node::Output(self.read(&inside, 0, whole_chain)?)),
                Piece::Tag(inside) => {
                    let tag = tag(inside)?;
                    if ends.contains(&tag.name.as_str()) {
                        return Ok((nodes, Some(tag)));
                    }
                    nodes.push(tags::node(self, &tag)?);
                }
            }
        }
        Ok((nodes, None))
    }

    /// Parses the body of the block that `opening` begins; its end has to come.
    pub(crate) fn block(&mut self, opening: &Tag<'s>, ends: &[&str]) -> Result<(Vec<Node<'s>>, Tag<'s>), Mistake> {
        if self.depth == MAX_DEPTH {
            return Err(Mistake::new(opening.inside.at, format!("blocks are nested more than {MAX_DEPTH} deep")));
        }
        self.depth += 1;
        let (nodes, end) = self.body(ends)?;
        self.depth -= 1;
        let missing = || Mistake::new(opening.inside.at, format!("`{}` is not closed", opening.name));
        Ok((nodes, end.ok_or_else(missing)?))
    }

    /// Reads what follows the name of a tag.
    pub(crate) fn arguments<T>(
        &mut self,
        tag: &Tag<'s>,
        read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        let start = tag.inside.text.find(tag.name.as_str()).map_or(0, |at| at + tag.name.len());
        self.read(&tag.inside, start, read)
    }

    fn read<T>(
        &mut self,
        inside: &Inside<'s>,
        start: usize,
        read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        let mut cursor = Cursor::new(&inside.text);
        cursor.back_to(start);
        let result = read(&mut cursor).map_err(|mistake| inside.blame(mistake));
        let unknown = cursor.unknown.map(|mistake| inside.blame(mistake));
        self.unknown = self.unknown.take().or(unknown);
        result
    }
}

/// Reads a chain to its end.
pub(crate) fn whole_chain(cursor: &mut Cursor<'_>) -> Result<Chain, Mistake> {
    let chain = chain(cursor)?;
    cursor.finish()?;
    Ok(chain)
}

fn tag(inside: Inside<'_>) -> Result<Tag<'_>, Mistake> {
    let name = Cursor::new(&inside.text).word().map(str::to_owned);
    match name {
        Some(name) => Ok(Tag { inside, name }),
        None => Err(Mistake::new(inside.at, "expected the name of a tag")),
    }
}
