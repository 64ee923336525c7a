//! The allocator of components: made for a call that comes into a fresh instance and leaves nothing behind.
//!
//! A step makes many small values and ends within microseconds. Small blocks are cut off one after the other and kept by size
//! when freed; the rest, and the chunks small blocks are cut from, come from the standard allocator, which joins and reuses what
//! is freed. So few pages of memory are touched, each of which the host has to restore after the call, and a long call does not
//! need more memory than it would have needed otherwise by more than a chunk and what it once had in small blocks.
#![allow(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr;

/// What the sizes of small blocks are multiples of, in bytes.
const GRAIN: usize = 16;

/// The largest alignment of a small block: what the standard allocator gives at no extra cost.
const ALIGN: usize = 8;

/// The largest small block, in bytes.
const SMALL: usize = 512;

/// What is cut into small blocks, in bytes; with the standard allocator's own bookkeeping just a page.
const CHUNK: usize = 4096 - GRAIN;

/// How many sizes small blocks have.
const SIZES: usize = SMALL / GRAIN;

/// The allocator. It is for one thread, as components are.
pub(crate) struct Memory(UnsafeCell<Blocks>);

struct Blocks {
    /// The free blocks of each size. The first word of each is the address of the next.
    free: [*mut u8; SIZES],
    /// The part of the last chunk that is not cut yet.
    rest: *mut u8,
    left: usize,
}

impl Memory {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(Blocks { free: [ptr::null_mut(); SIZES], rest: ptr::null_mut(), left: 0 }))
    }
}

// SAFETY: components are compiled without threads (the attribute that makes this the global allocator asks for that), and the
// tests use one thread for each allocator.
unsafe impl Sync for Memory {}

/// The index of a small layout's size; none for a layout that is not small.
fn size_of(layout: Layout) -> Option<usize> {
    let small = layout.size() <= SMALL && layout.align() <= ALIGN;
    // Rust never asks for nothing; wrapping keeps that case out as well.
    small.then(|| layout.size().wrapping_sub(1) / GRAIN).filter(|&size| size < SIZES)
}

impl Blocks {
    #[inline]
    fn take(&mut self, size: usize) -> *mut u8 {
        let first = self.free[size];
        if first.is_null() {
            return self.cut((size + 1) * GRAIN);
        }
        // SAFETY: blocks in the list are free, have at least a word, and `give` wrote the next address into it.
        self.free[size] = unsafe { first.cast::<*mut u8>().read() };
        first
    }

    /// # Safety
    ///
    /// `block` came from `take` with the same size and is not used any more.
    #[inline]
    unsafe fn give(&mut self, block: *mut u8, size: usize) {
        // SAFETY: the block is ours now, and at least a word large and aligned for one.
        unsafe { block.cast::<*mut u8>().write(self.free[size]) };
        self.free[size] = block;
    }

    #[inline]
    fn cut(&mut self, bytes: usize) -> *mut u8 {
        if self.left < bytes && !self.next_chunk() {
            return ptr::null_mut();
        }
        let block = self.rest;
        self.left -= bytes;
        // SAFETY: `left` says that the chunk goes on for this many bytes.
        self.rest = unsafe { block.add(bytes) };
        block
    }

    #[cold]
    fn next_chunk(&mut self) -> bool {
        let Ok(layout) = Layout::from_size_align(CHUNK, ALIGN) else { return false };
        // SAFETY: the size is not zero.
        let chunk = unsafe { System.alloc(layout) };
        if chunk.is_null() {
            return false;
        }
        (self.rest, self.left) = (chunk, CHUNK);
        true
    }
}

// SAFETY: small blocks do not overlap, are as large as their size says, and aligned because chunks are and all sizes are
// multiples of the alignment; a layout is small or not whenever it is asked for, so a block returns to where it came from.
unsafe impl GlobalAlloc for Memory {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match size_of(layout) {
            // SAFETY: nothing else borrows the blocks: there is one thread, and no method calls back.
            Some(size) => unsafe { (*self.0.get()).take(size) },
            // SAFETY: the caller's promise.
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match size_of(layout) {
            // SAFETY: as in `alloc`; the caller promises that the block came from there with this layout.
            Some(size) => unsafe { (*self.0.get()).give(block, size) },
            // SAFETY: the caller's promise.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size is sound for this alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        match (size_of(layout), size_of(wanted)) {
            (Some(before), Some(after)) if before == after => block,
            // SAFETY: the block came from the standard allocator and stays there.
            (None, None) => unsafe { System.realloc(block, layout, bytes) },
            // SAFETY: two blocks that do not overlap, each at least as large as what is copied.
            _ => unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, layout.size().min(bytes));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 8).expect("a layout")
    }

    /// A block of these many bytes, all of them `mark`.
    fn filled(memory: &Memory, bytes: usize, mark: u8) -> *mut u8 {
        // SAFETY: the size is not zero, and the block is as large as that.
        unsafe {
            let block = memory.alloc(layout(bytes));
            assert!(!block.is_null() && block.addr().is_multiple_of(ALIGN));
            block.write_bytes(mark, bytes);
            block
        }
    }

    fn holds(block: *mut u8, bytes: usize, mark: u8) -> bool {
        // SAFETY: `filled` made it this large.
        (0..bytes).all(|at| unsafe { block.add(at).read() } == mark)
    }

    #[test]
    fn blocks_of_all_sizes_do_not_overlap() {
        let memory = Memory::new();
        let sizes: Vec<usize> = (1..=2 * SMALL).step_by(7).chain([GRAIN, SMALL, CHUNK, 100_000]).collect();
        let mark = |index: usize| u8::try_from(index % 251).expect("a byte");
        let blocks: Vec<_> =
            sizes.iter().enumerate().map(|(index, &size)| filled(&memory, size, mark(index))).collect();
        for (index, (&block, &size)) in blocks.iter().zip(&sizes).enumerate() {
            assert!(holds(block, size, mark(index)), "the block of {size} bytes");
            // SAFETY: it came from this allocator with this layout.
            unsafe { memory.dealloc(block, layout(size)) };
        }
    }

    #[test]
    fn a_freed_block_is_the_next_of_its_size() {
        let memory = Memory::new();
        let (first, second) = (filled(&memory, 40, 1), filled(&memory, 48, 2));
        // SAFETY: they came from this allocator with these layouts.
        unsafe {
            memory.dealloc(first, layout(40));
            memory.dealloc(second, layout(48));
        }
        assert_eq!((filled(&memory, 33, 3), filled(&memory, 48, 4)), (second, first));
    }

    #[test]
    fn a_block_keeps_its_content_while_it_grows_and_shrinks_past_the_bounds() {
        let memory = Memory::new();
        let mut size = 3;
        let mut block = filled(&memory, size, 9);
        for next in [10, 17, SMALL, SMALL + 1, 100_000, 600, 512, 16, 3] {
            // SAFETY: it came from this allocator with this layout.
            block = unsafe { memory.realloc(block, layout(size), next) };
            assert!(holds(block, 3, 9), "from {size} to {next}");
            size = next;
        }
        // SAFETY: as above.
        unsafe { memory.dealloc(block, layout(size)) };
    }

    #[test]
    fn large_alignments_are_kept() {
        let memory = Memory::new();
        let wide = Layout::from_size_align(64, 256).expect("a layout");
        // SAFETY: the size is not zero; the block is freed with its layout.
        unsafe {
            let block = memory.alloc(wide);
            assert_eq!(block.addr() % 256, 0);
            memory.dealloc(block, wide);
        }
    }
}
