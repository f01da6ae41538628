/// One key of a mapping: declared once, used by decoding, by the canonical form and by the reference.
struct Field<Root: Sendable>: Sendable {
    /// The key as written.
    let key: String
    /// What the reference says of it.
    let reference: ReferenceKey
    /// Whether the mapping is incomplete without it.
    let isRequired: Bool
    /// Keys any of which stands in for this one where it is required.
    var alternatives: [String] = []
    /// Whether it has no place in an included file.
    let isMainFileOnly: Bool
    /// Sections of the reference that its value needs.
    let sections: @Sendable () -> [ReferenceSection]
    /// Reads the value into the root; what could not be read leaves the root as it was and records errors.
    let decode: @Sendable (YAMLNode, inout Root, inout Decoding) -> Void
    /// The canonical form; nil when the key is absent.
    let render: @Sendable (Root) -> Rendered.Entry?
    /// What is wrong with the declaration: a documented default that is not the value of a fresh root.
    let defaultProblem: @Sendable (Root) -> String?

    /// A key that must be written, unless one of the `alternatives` is.
    static func required<Value: Sendable>(
        _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ shape: Shape<Value>,
        mainFileOnly: Bool = false, alternatives: [String] = [], _ text: String
    ) -> Field {
        Field(
            key: key, reference: .init(key: key, type: shape.type, presence: .required, text: text),
            isRequired: true, alternatives: alternatives, isMainFileOnly: mainFileOnly, sections: shape.sections,
            decode: { node, root, decoding in
                if let value = shape.decode(node, &decoding) { root[keyPath: path] = value }
            },
            render: { .init(key: key, value: shape.render($0[keyPath: path]), isDefault: false) },
            defaultProblem: { _ in nil })
    }

    /// A key with a default, given as it would be written; a fresh root has that value.
    static func defaulted<Value: Sendable>(
        _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ shape: Shape<Value>,
        default text: String, mainFileOnly: Bool = false, _ documentation: String
    ) -> Field where Root: SettingsObject {
        let fresh = shape.render(Root()[keyPath: path])
        return Field(
            key: key,
            reference: .init(key: key, type: shape.type, presence: .defaulted(text), text: documentation),
            isRequired: false, isMainFileOnly: mainFileOnly, sections: shape.sections,
            decode: { node, root, decoding in
                if let value = shape.decode(node, &decoding) { root[keyPath: path] = value }
            },
            render: { root in
                let value = shape.render(root[keyPath: path])
                return .init(key: key, value: value, isDefault: value == fresh)
            },
            defaultProblem: { root in
                var decoding = Decoding(diagnostics: Diagnostics())
                guard let node = YAMLDocument.parse(Array(text.utf8), file: 0, diagnostics: &decoding.diagnostics),
                    let value = shape.decode(node, &decoding), !decoding.diagnostics.hasErrors
                else { return "\(key): the documented default \(text) does not decode" }
                return shape.render(value) == shape.render(root[keyPath: path])
                    ? nil : "\(key): the documented default \(text) is not the default"
            })
    }

    /// A key that may be left out; `absent` says what that means.
    static func optional<Value: Sendable>(
        _ key: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, _ shape: Shape<Value>,
        absent: String, mainFileOnly: Bool = false, _ text: String
    ) -> Field {
        Field(
            key: key, reference: .init(key: key, type: shape.type, presence: .optional(absent), text: text),
            isRequired: false, isMainFileOnly: mainFileOnly, sections: shape.sections,
            decode: { node, root, decoding in
                if let value = shape.decode(node, &decoding) { root[keyPath: path] = value }
            },
            render: { root in
                root[keyPath: path].map { .init(key: key, value: shape.render($0), isDefault: false) }
            },
            defaultProblem: { root in root[keyPath: path] == nil ? nil : "\(key): an optional key has a default" })
    }

    /// A key of the contract that this version does not have: an error, never ignored.
    static func planned(_ key: String, _ text: String) -> Field {
        Field(
            key: key, reference: .init(key: key, type: "", presence: .planned, text: text),
            isRequired: false, isMainFileOnly: false, sections: { [] },
            decode: { node, _, decoding in
                let place = decoding.place
                decoding.diagnostics.error(at: node.position, "\(place) is not in this version", instead: "remove it")
            },
            render: { _ in nil }, defaultProblem: { _ in nil })
    }
}
