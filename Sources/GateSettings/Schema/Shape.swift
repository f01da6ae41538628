/// The shape of one value: how a node becomes it, how it is written back, and what the reference calls it.
struct Shape<Value: Sendable>: Sendable {
    /// What the reference and the messages call it, with an article: `a duration`.
    let type: String
    /// The mappings inside it, for the reference.
    let sections: @Sendable () -> [ReferenceSection]
    /// The value, or nil after at least one error was recorded.
    let decode: @Sendable (YAMLNode, inout Decoding) -> Value?
    /// The canonical form.
    let render: @Sendable (Value) -> Rendered

    init(
        _ type: String, sections: @escaping @Sendable () -> [ReferenceSection] = { [] },
        decode: @escaping @Sendable (YAMLNode, inout Decoding) -> Value?,
        render: @escaping @Sendable (Value) -> Rendered
    ) {
        self.type = type
        self.sections = sections
        self.decode = decode
        self.render = render
    }

    /// A shape whose values are read from the text of a scalar; `parse` says what is wrong, and what to write instead.
    static func scalar(
        _ type: String, parse: @escaping @Sendable (String) -> Parsed<Value>,
        render: @escaping @Sendable (Value) -> String
    ) -> Shape {
        Shape(type) { node, decoding in
            guard case .scalar(let text, _) = node.content, !node.isEmpty else {
                return decoding.mismatch(node, expected: type)
            }
            switch parse(text) {
            case .value(let value): return value
            case .problem(let problem, let remedy):
                decoding.error(at: node.position, problem, instead: remedy)
                return nil
            }
        } render: {
            .text(render($0))
        }
    }

    /// The same shape, with the place of each value kept.
    var located: Shape<Located<Value>> {
        Shape<Located<Value>>(
            type, sections: sections,
            decode: { node, decoding in decode(node, &decoding).map { Located($0, at: node.position) } },
            render: { render($0.value) })
    }

    /// The same shape under another name.
    func called(_ type: String) -> Shape {
        Shape(type, sections: sections, decode: decode, render: render)
    }

    /// This shape, or the word `none`, which is nil.
    var orNone: Shape<Value?> {
        Shape<Value?>(
            type + ", or `none`", sections: sections,
            decode: { node, decoding in
                if case .scalar("none", _) = node.content { return .some(nil) }
                return decode(node, &decoding).map { .some($0) }
            },
            render: { $0.map(render) ?? .text("none") })
    }
}

/// What reading a scalar gives.
enum Parsed<Value> {
    /// The value.
    case value(Value)
    /// What is wrong, and what to write instead.
    case problem(String, instead: String?)
}
