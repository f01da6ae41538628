/// A mapping of the configuration as a plain value.
public protocol SettingsObject: Sendable {
    /// Every key at its default; required keys hold placeholders until they are read.
    init()
    /// Where the mapping, or the name it was given, stands.
    var position: SourcePosition { get set }
}

extension SettingsObject {
    /// Hears that something inside could not be read; most mappings need not know.
    mutating func noteErrors() {}
}

/// A mapping under a name that the operator chose: a listener, an identity, a limit, an upstream.
public protocol NamedSettings: SettingsObject {
    /// The name; unique among its kind over all files.
    var name: String { get set }
}

/// A settings type that knows its own keys.
protocol Described: SettingsObject {
    /// Hears that something inside could not be read.
    mutating func noteErrors()
    /// The keys.
    static var schema: Schema<Self> { get }
}

/// The keys of one mapping.
struct Schema<Root: Described>: Sendable {
    /// Path of the mapping for the reference, as in `listeners.NAME.tls`.
    let path: String
    /// What the mapping is for.
    let summary: String
    /// Its keys in the order of the reference.
    let fields: [Field<Root>]
    private let index: [String: Int]

    init(_ path: String, _ summary: String, _ fields: [Field<Root>]) {
        self.path = path
        self.summary = summary
        self.fields = fields
        var index: [String: Int] = [:]
        for (position, field) in fields.enumerated() { index[field.key] = position }
        self.index = index
    }

    /// The mapping in `node`; `name` and `at` are given where the operator named it. Nil when it is no mapping.
    ///
    /// A mapping with errors in it is still a value: what could be read, and defaults, so that later checks find what
    /// else is wrong.
    func decode(_ node: YAMLNode, at position: SourcePosition? = nil, _ decoding: inout Decoding) -> Root? {
        guard case .mapping(let entries) = node.content else {
            return decoding.mismatch(node, expected: "a mapping of keys")
        }
        var root = Root()
        root.position = position ?? node.position
        let errorsBefore = decoding.diagnostics.errorCount
        var present: Set<String> = []
        for entry in entries { present.insert(decode(entry, into: &root, &decoding)) }
        let isFragment = decoding.isIncluded && decoding.isAtRoot
        for field in fields where field.isRequired && !isFragment {
            guard !present.contains(field.key), present.isDisjoint(with: field.alternatives) else { continue }
            decoding.error(
                at: root.position, "'\(field.key)' is missing", instead: "add \(field.key): \(field.reference.type)")
        }
        if decoding.diagnostics.errorCount > errorsBefore { root.noteErrors() }
        return root
    }

    /// Decodes one key and returns it; for a misspelt one the key that was probably meant, so that it is not missed, too.
    private func decode(_ entry: YAMLNode.Entry, into root: inout Root, _ decoding: inout Decoding) -> String {
        guard let position = index[entry.key] else {
            let nearest = Suggestion.nearest(to: entry.key, among: fields.lazy.map(\.key))
            decoding.error(
                at: entry.position, "unknown key '\(entry.key.abbreviated)'",
                instead: nearest.map { "did you mean '\($0)'?" }
                    ?? "known keys: " + fields.map(\.key).joined(separator: ", "))
            return nearest ?? entry.key
        }
        let field = fields[position]
        if field.isMainFileOnly, decoding.isIncluded {
            decoding.error(at: entry.position, "'\(entry.key)' belongs in the main file", instead: "move it there")
            return entry.key
        }
        decoding.within(entry.key) { decoding in
            // A planned key is refused at its name: there is nothing to look at in its value.
            let isPlanned = field.reference.presence == .planned
            let node = isPlanned ? YAMLNode(content: .refused, position: entry.position) : entry.value
            field.decode(node, &root, &decoding)
        }
        return entry.key
    }

    /// The canonical form.
    func render(_ root: Root) -> Rendered { .map(fields.compactMap { $0.render(root) }) }

    /// The section of the reference, and those of the values inside.
    var sections: [ReferenceSection] {
        [ReferenceSection(path: path, summary: summary, keys: fields.map(\.reference))]
            + fields.flatMap { $0.sections() }
    }

    /// Declarations that contradict themselves: empty, which a test holds.
    var problems: [String] {
        let fresh = Root()
        return fields.compactMap { field in field.defaultProblem(fresh).map { "\(path).\($0)" } }
    }
}

extension Shape where Value: Described {
    /// A mapping with the keys of `Value`.
    static var object: Shape {
        Shape(
            "a mapping", sections: { Value.schema.sections },
            decode: { node, decoding in Value.schema.decode(node, &decoding) },
            render: { Value.schema.render($0) })
    }
}

extension Shape {
    /// A mapping from names to mappings with the keys of `Item`, in the order of the file.
    static func named<Item: Described & NamedSettings>() -> Shape where Value == [Item] {
        Shape("a mapping from names to mappings", sections: { Item.schema.sections }) { node, decoding in
            guard case .mapping(let entries) = node.content else {
                return decoding.mismatch(node, expected: "a mapping from names to mappings")
            }
            var items: [Item] = []
            items.reserveCapacity(entries.count)
            for entry in entries {
                decoding.within(entry.key.abbreviated) { decoding in
                    if let problem = Names.problem(with: entry.key) {
                        decoding.error(at: entry.position, problem, instead: Names.rule)
                    }
                    // The name exists even where its mapping is unreadable: who refers to it is not wrong.
                    var item = Item.schema.decode(entry.value, at: entry.position, &decoding) ?? Item()
                    item.name = entry.key
                    item.position = entry.position
                    items.append(item)
                }
            }
            return items
        } render: { items in
            .map(items.map { .init(key: $0.name, value: Item.schema.render($0), isDefault: false) })
        }
    }
}

/// What a name may be: it becomes a metric's label and a field of log lines.
enum Names {
    static let rule = "use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit"

    /// What is wrong with `name`, or nil.
    static func problem(with name: String) -> String? {
        let isValid =
            (1...64).contains(name.utf8.count)
            && name.utf8.enumerated().allSatisfy { index, byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): index > 0
                default: false
                }
            }
        return isValid ? nil : "'\(name.abbreviated)' is not a valid name"
    }
}
