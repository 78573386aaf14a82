//! Functions that are called from outside, and what they are given.

use super::call::Given;
use super::ir::*;
use super::machine::{Frame, Machine};
use super::query::Way;
use super::value::Value;

impl<'p> Machine<'p> {
    /// The arguments of a function that somebody outside calls.
    pub(super) fn entry_arguments(&mut self, _id: FunctionId, function: &'p Function) -> Vec<Given<'p>> {
        let mut out = Vec::new();
        for (index, param) in function.params.iter().enumerate() {
            if param.rest || param.named_rest {
                continue;
            }
            let mut value = self.typed(Value::unknown(), param.kind);
            if let Some(kind) = self.entry_kind(function, index) {
                let source = param.name;
                let plain = Value { taint: Some(self.source(kind, source, function.at)), ..Value::unknown() };
                value.taint = plain.taint;
            }
            out.push(Given { name: None, value, place: None });
        }
        out
    }

    /// Whether something outside is said to call a function with what it got from outside.
    pub(super) fn is_entry(&mut self, id: FunctionId) -> bool {
        let Some(function) = self.function(id) else { return false };
        self.stack.push(Frame { function: id, scope: 0, class: function.class, module: function.module });
        let found = (0..function.params.len()).any(|index| self.entry_kind(function, index).is_some());
        self.stack.pop();
        found
    }

    pub(super) fn entry_kind(&mut self, function: &Function, index: usize) -> Option<u8> {
        let param = function.params.get(index)?;
        let mut found = None;
        let language = self.language();
        let sources: Vec<_> = self.books.get(&language)?.parameters().collect();
        for (source, kind) in sources {
            if !source.args.is_empty() && !source.args.contains(&index) {
                continue;
            }
            if !source.except.is_empty()
                && let Some(kind) = param.kind
            {
                let path =
                    self.scopes.type_path(self.program, self.names, function.module, function.class, kind);
                let text = self.names.shared(path);
                if source.except.iter().any(|pattern| pattern.fits(&text)) {
                    continue;
                }
            }
            let marked = |this: &mut Self, marks: &[Mark]| {
                marks.iter().any(|mark| {
                    let path = this.scopes.imported(this.program, this.names, function.module, mark.path);
                    let text = this.names.text(path);
                    source.patterns.iter().any(|pattern| pattern.fits(text))
                })
            };
            let fits = match source.way {
                Way::Param => {
                    let text = self
                        .names
                        .text(param.name)
                        .trim_start_matches('$')
                        .split('#')
                        .next()
                        .unwrap_or_default();
                    source.patterns.iter().any(|pattern| pattern.fits(text))
                }
                Way::Mark => marked(self, &param.marks) || marked(self, &function.marks),
                Way::ClassMark => {
                    let marks = function
                        .class
                        .and_then(|class| self.program.classes.get(class as usize))
                        .map(|class| class.marks.as_slice())
                        .unwrap_or_default();
                    marked(self, marks)
                }
                Way::Function => {
                    let name = self.names.shared(function.name);
                    let base = function
                        .class
                        .and_then(|class| self.scopes.outside_base(self.program, self.names, class));
                    let full = match base {
                        Some(base) => format!("{}.{name}", self.names.text(base)),
                        None => name.to_string(),
                    };
                    source.patterns.iter().any(|pattern| pattern.fits(&full) || pattern.fits(&name))
                }
                Way::Call | Way::Read => false,
            };
            if fits {
                found = Some(kind);
            }
        }
        found
    }
}
