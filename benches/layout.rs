//! Laying meshes out and painting a window of them; and the memory that a layout takes at most.

#![expect(clippy::print_stdout, reason = "memory and crossings are told")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use vigla::layout::glyph::Glyphs;
use vigla::layout::paint::{CellSink, paint};
use vigla::layout::scene::{Area, Pos, Zoom};
use vigla::layout::selection::Selection;
use vigla::layout::style::{CellStyle, StyleTable};
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::graph::Graph;

#[path = "../tests/support/graphs.rs"]
#[expect(dead_code, reason = "the layout's tests draw the graphs made by hand")]
mod graphs;
#[path = "../tests/support/meshes.rs"]
#[expect(dead_code, reason = "tests draw the rest")]
mod meshes;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Takes letters and forgets them.
struct Nowhere(u64);

impl CellSink for Nowhere {
    fn put(&mut self, pos: Pos, letter: char, _: CellStyle) {
        self.0 = self.0.wrapping_add(u64::from(u32::from(letter)) + pos.x as u64);
    }
}

/// The most memory the process has had resident since it was last asked to forget that, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn forget_peak() {
    // proc(5): "5" resets the peak resident set size. Elsewhere the figure is left out.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn layouts(criterion: &mut Criterion) {
    let cases: [(&str, Graph); 4] = [
        ("200 nodes, 400 edges", meshes::mesh(1, 200, 400)),
        ("2,000 nodes, 3,000 edges", meshes::mesh(1, 2_000, 3_000)),
        ("2,000 nodes, 5,000 edges", meshes::mesh(1, 2_000, 5_000)),
        ("a star of 2,000", meshes::star(2_000)),
    ];
    for (name, graph) in &cases {
        let view = ViewGraph::from_graph(graph, &ViewOptions::default());
        for zoom in [Zoom::Box, Zoom::Pill] {
            let options = LayoutOptions { zoom, ..LayoutOptions::default() };
            forget_peak();
            let before = peak();
            let (scene, _) = layout(&view, &options, None);
            println!(
                "{name}, {zoom:?}: {} kB at most, {} by {} cells, {} crossings of lines",
                peak().saturating_sub(before),
                scene.width,
                scene.height,
                scene.stats.crossings
            );
            criterion.bench_function(&format!("layout {name}, {zoom:?}"), |bench| {
                bench.iter(|| black_box(layout(black_box(&view), &options, None)));
            });
        }
    }
}

fn painting(criterion: &mut Criterion) {
    for (services, calls) in [(200, 400), (2_000, 5_000)] {
        let graph = meshes::mesh(1, services, calls);
        let view = ViewGraph::from_graph(&graph, &ViewOptions::default());
        let (scene, _) = layout(&view, &LayoutOptions::default(), None);
        let styles = StyleTable::from_graph(&graph, &view, None);
        let window = Area::new(scene.width / 3, scene.height / 3, 200, 60);
        criterion.bench_function(&format!("paint 200 by 60 of {services} nodes"), |bench| {
            bench.iter(|| {
                let mut sink = Nowhere(0);
                let selection = Selection::default();
                paint(&scene, &styles, window, &selection, Glyphs::Rounded, &mut sink);
                black_box(sink.0)
            });
        });
    }
}

criterion_group!(benches, layouts, painting);
criterion_main!(benches);
