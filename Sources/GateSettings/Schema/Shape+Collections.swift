extension Shape {
    /// A list whose items have this shape, `counts` of them.
    func list(_ counts: ClosedRange<Int> = 0...10_000) -> Shape<[Value]> {
        let type = "a list, each " + type
        return Shape<[Value]>(type, sections: sections) { node, decoding in
            guard case .sequence(let items) = node.content else { return decoding.mismatch(node, expected: "a list") }
            guard counts.contains(items.count) else {
                decoding.error(
                    at: node.position,
                    items.isEmpty
                        ? "the list is empty" : "the list has \(items.count) items, the most is \(counts.upperBound)")
                return nil
            }
            var values: [Value] = []
            values.reserveCapacity(items.count)
            for (index, item) in items.enumerated() {
                decoding.within("[\(index)]") { decoding in
                    if let value = decode(item, &decoding) { values.append(value) }
                }
            }
            return values
        } render: {
            .list($0.map(render))
        }
    }

    /// A list of items of this shape, or one item alone.
    func oneOrMore() -> Shape<[Value]> {
        let list = list(1...16)
        return Shape<[Value]>(type + ", or a list of these", sections: sections) { node, decoding in
            if case .sequence = node.content { return list.decode(node, &decoding) }
            return decode(node, &decoding).map { [$0] }
        } render: {
            list.render($0)
        }
    }

    /// A mapping from keys to values of this shape; `key` checks a key's text and gives its one spelling.
    func pairs(_ type: String, key: Shape<String>) -> Shape<[Pair<Value>]> {
        Shape<[Pair<Value>]>(type, sections: sections) { node, decoding in
            guard case .mapping(let entries) = node.content else {
                return decoding.mismatch(node, expected: "a mapping")
            }
            var pairs: [Pair<Value>] = []
            for entry in entries {
                decoding.within(entry.key.abbreviated) { decoding in
                    let text = YAMLNode(content: .scalar(entry.key, isPlain: false), position: entry.position)
                    let name = key.decode(text, &decoding)
                    let value = decode(entry.value, &decoding)
                    guard let name, let value else { return }
                    if pairs.contains(where: { $0.name == name }) {
                        decoding.error(at: entry.position, "stands twice in another spelling")
                        return
                    }
                    pairs.append(Pair(name: name, value: value, position: entry.position))
                }
            }
            return pairs
        } render: { pairs in
            .map(pairs.map { .init(key: $0.name, value: render($0.value), isDefault: false) })
        }
    }
}

/// One key and its value in a mapping whose keys the operator chooses.
public struct Pair<Value: Sendable>: Sendable {
    /// The key, in its one spelling.
    public var name: String
    /// The value.
    public var value: Value
    /// Where the key stands.
    public var position: SourcePosition

    /// `name: value`, written at `position`.
    public init(name: String, value: Value, position: SourcePosition = .unknown) {
        self.name = name
        self.value = value
        self.position = position
    }
}

extension Pair: Equatable where Value: Equatable {
    /// Whether key and value are equal, wherever they stand.
    public static func == (left: Self, right: Self) -> Bool { left.name == right.name && left.value == right.value }
}
