//! Every command of the explorer, in one table: keys, help, hints, the command line and the
//! configuration read it, so none of them can say something else than the others.

use super::screen::Screen;

/// Something the user can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Go(Screen),
    Enter,
    Back,
    Quit,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Top,
    Bottom,
    NextProblem,
    PreviousProblem,
    Help,
    Command,
    Filter,
    Namespaces,
    AllNamespaces,
    Contexts,
    Yaml,
    Detail,
    Copy,
    Pods,
    Debug,
    Window,
    Time,
    Earlier,
    Later,
    Live,
    Pause,
    Queries,
    Messages,
    Refresh,
    Repaint,
    Mouse,
    Suspend,
    Reverse,
    /// Sort by the column with this capital letter; not in the table, columns bring it.
    SortBy(char),
    GraphView,
    GraphType,
    ServiceNodes,
    Idle,
    Edges,
    Path,
    Panel,
    Flow,
    PanLeft,
    PanRight,
    PanUp,
    PanDown,
    Focus,
    Wider,
    ZoomIn,
    ZoomOut,
    Fit,
    Orientation,
    Labels,
    Tidy,
    Explain,
    TextForm,
    /// What the selected finding means.
    Meaning,
    /// Findings in groups: of an object, of a code, or by level.
    Group,
    NextField,
    PreviousField,
    ClearField,
}

/// Where an action applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    Everywhere,
    /// Every screen that is a list of rows.
    List,
    Graph,
    Route,
    Findings,
    /// YAML and details.
    Text,
}

impl Layer {
    /// What help calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::List => "Lists",
            Self::Graph => "Graph",
            Self::Route => "Route debugger",
            Self::Findings => "Findings",
            Self::Text => "YAML and details",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionInfo {
    pub action: Action,
    /// Its name after `:` and in the configuration.
    pub name: &'static str,
    /// One line for help.
    pub about: &'static str,
    /// Default keys, the one to show first.
    pub keys: &'static [&'static str],
    pub layer: Layer,
}

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    layer: Layer,
    about: &'static str,
) -> ActionInfo {
    ActionInfo { action, name, about, keys, layer }
}

/// Every action but [`Action::SortBy`], in the order in which help shows them.
#[rustfmt::skip]
pub const ACTIONS: &[ActionInfo] = {
    use Action as A;
    use Layer::{Everywhere, Findings, Graph, List, Route, Text};
    &[
        row(A::Go(Screen::Overview), "overview", &["1"], Everywhere, "namespaces: pods, traffic, errors, findings"),
        row(A::Go(Screen::Graph), "graph", &["2"], Everywhere, "who calls whom, how often, how well"),
        row(A::Go(Screen::Services), "services", &["3"], Everywhere, "services with their traffic"),
        row(A::Go(Screen::Pods), "pods", &["4"], Everywhere, "pods, their sidecars, why one is not ready"),
        row(A::Go(Screen::Gateways), "gateways", &["5"], Everywhere, "where the mesh is reached from outside"),
        row(A::Go(Screen::Splits), "splits", &["6"], Everywhere, "configured weights beside observed shares"),
        row(A::Go(Screen::Route), "route", &["7"], Everywhere, "why a request goes where it goes"),
        row(A::Go(Screen::Findings), "findings", &["8"], Everywhere, "what is wrong with the configuration"),
        row(A::Go(Screen::Events), "events", &["9"], Everywhere, "what the cluster reports"),
        row(A::Enter, "open", &["enter"], Everywhere, "go in"),
        row(A::Back, "back", &["esc", "backspace"], Everywhere, "come back, clear the filter"),
        row(A::Up, "up", &["k", "up"], Everywhere, "one up"),
        row(A::Down, "down", &["j", "down"], Everywhere, "one down"),
        row(A::PageUp, "page-up", &["pgup", "ctrl-b", "u"], Everywhere, "a page up"),
        row(A::PageDown, "page-down", &["pgdn", "ctrl-f", "space"], Everywhere, "a page down"),
        row(A::Top, "top", &["g", "home"], Everywhere, "to the first"),
        row(A::Bottom, "bottom", &["G", "end"], Everywhere, "to the last"),
        row(A::NextProblem, "next-problem", &["n"], Everywhere, "to the next row in trouble"),
        row(A::PreviousProblem, "previous-problem", &["b"], Everywhere, "to the previous row in trouble"),
        row(A::Help, "help", &["?", "f1"], Everywhere, "every key"),
        row(A::Command, "command", &[":", "ctrl-p"], Everywhere, "commands, screens, fuzzy"),
        row(A::Filter, "filter", &["/"], Everywhere, "filter the rows, search the text (!text: without)"),
        row(A::Namespaces, "ns", &["s"], Everywhere, "choose namespaces"),
        row(A::AllNamespaces, "all-namespaces", &["0"], Everywhere, "every namespace"),
        row(A::Contexts, "ctx", &["x"], Everywhere, "choose the context"),
        row(A::Yaml, "yaml", &["y"], Everywhere, "the object as YAML"),
        row(A::Detail, "detail", &["d"], Everywhere, "the object in words, with what belongs to it"),
        row(A::Copy, "copy", &["c"], Everywhere, "copy the name, URL or text (OSC 52)"),
        row(A::Window, "window", &["w"], Everywhere, "how far back rates look"),
        row(A::Time, "time", &["t"], Everywhere, "telemetry as of an earlier time"),
        row(A::Earlier, "earlier", &["<", ","], Everywhere, "one window earlier"),
        row(A::Later, "later", &[">", "."], Everywhere, "one window later"),
        row(A::Live, "live", &["L"], Everywhere, "back to now"),
        row(A::Pause, "pause", &["p"], Everywhere, "hold the picture still, and go on"),
        row(A::Queries, "promql", &["P"], Everywhere, "the PromQL behind the numbers"),
        row(A::Messages, "messages", &["!"], Everywhere, "messages so far, sources in trouble"),
        row(A::Refresh, "refresh", &["r", "ctrl-r"], Everywhere, "ask the sources again"),
        row(A::Repaint, "repaint", &["ctrl-l", "f5"], Everywhere, "draw the whole screen again"),
        row(A::Mouse, "mouse", &["m"], Everywhere, "mouse on or off"),
        row(A::Suspend, "suspend", &["ctrl-z", "Z"], Everywhere, "back to the shell; fg comes back"),
        row(A::Quit, "quit", &["q", "ctrl-c"], Everywhere, "leave; come back from a place gone into"),
        row(A::Pods, "its-pods", &["o"], List, "the pods behind the row"),
        row(A::Debug, "why", &["e", "W"], Everywhere, "ask the route debugger about the selection"),
        row(A::Reverse, "reverse", &["i"], List, "sort the other way round"),
        row(A::GraphView, "view", &["v"], Graph, "drawn, as a call tree, or as a matrix"),
        row(A::Edges, "edges", &["tab"], Graph, "walk from call to call, and back to nodes"),
        row(A::PreviousProblem, "problem-before", &["N"], Graph, "to the problem before, worst first"),
        row(A::Panel, "details", &["i"], Graph, "what is known of the selection, beside the graph"),
        row(A::Path, "path", &["space"], Graph, "set off what leads to the selection and from it"),
        row(A::GraphType, "type", &["T"], Graph, "versioned app, app, workload, service"),
        row(A::ServiceNodes, "service-nodes", &["S"], Graph, "a node for the called service"),
        row(A::Idle, "idle", &["I"], Graph, "nodes without traffic"),
        row(A::Focus, "focus", &["f"], Graph, "only the neighbours of the selection"),
        row(A::Wider, "wider", &["F"], Graph, "one step more of neighbours"),
        row(A::ZoomIn, "zoom-in", &["+", "="], Graph, "nearer: more of each node"),
        row(A::ZoomOut, "zoom-out", &["-"], Graph, "farther: more of the graph"),
        row(A::Fit, "fit", &["z"], Graph, "the nearest zoom at which all of it can be seen"),
        row(A::Orientation, "orientation", &["o"], Graph, "calls run to the right, or down"),
        row(A::Labels, "labels", &["e"], Graph, "calls: rate, share, errors, p50, p95, p99, throughput, none"),
        row(A::PanLeft, "pan-left", &["shift-left", "["], Graph, "move the window to the left"),
        row(A::PanRight, "pan-right", &["shift-right", "]"], Graph, "move the window to the right"),
        row(A::PanUp, "pan-up", &["shift-up", "{"], Graph, "move the window up"),
        row(A::PanDown, "pan-down", &["shift-down", "}"], Graph, "move the window down"),
        row(A::Flow, "flow", &["a"], Graph, "let the traffic move along the busiest calls"),
        row(A::Tidy, "tidy", &["R"], Graph, "lay out anew; nodes may change their places"),
        row(A::Left, "left", &["h", "left"], Everywhere, "left: towards the caller"),
        row(A::Right, "right", &["l", "right"], Everywhere, "right: towards the called"),
        row(A::NextField, "next-field", &["tab"], Route, "the next field"),
        row(A::PreviousField, "previous-field", &["shift-tab"], Route, "the previous field"),
        row(A::ClearField, "clear-field", &["del", "D"], Route, "empty the field"),
        row(A::Explain, "explain", &["e"], Route, "in a paragraph of plain words, or rule by rule"),
        row(A::Meaning, "meaning", &["?"], Findings, "what the finding means, and what to do (f1: every key)"),
        row(A::Group, "group", &["v"], Findings, "by object, by code, by level"),
        row(A::TextForm, "text-form", &["v"], Text, "YAML, or in words"),
    ]
};

impl Action {
    /// Its row for a layer; actions in several layers have several rows.
    pub fn info(self) -> Option<&'static ActionInfo> {
        ACTIONS.iter().find(|row| row.action == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_action_has_a_name_of_its_own_and_says_what_it_does() {
        let mut names = BTreeSet::new();
        for row in ACTIONS {
            assert!(names.insert(row.name), "{} twice", row.name);
            assert!(!row.about.is_empty() && !row.keys.is_empty(), "{}", row.name);
            assert!(row.about.len() <= 60, "{}", row.about);
        }
    }

    #[test]
    fn every_ctrl_key_has_a_plain_twin() {
        // ctrl keys belong to tmux, screen and the line discipline for some users.
        for row in ACTIONS.iter().filter(|row| row.keys.iter().any(|k| k.starts_with("ctrl-"))) {
            assert!(row.keys.iter().any(|key| !key.starts_with("ctrl-")), "{}", row.name);
        }
    }

    #[test]
    fn every_screen_has_its_digit() {
        for screen in Screen::ALL {
            let row = Action::Go(screen).info().unwrap();
            assert_eq!(row.keys, [screen.digit().to_string()]);
            assert_eq!(Screen::named(row.name), Some(screen));
        }
    }
}
