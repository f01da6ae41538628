import CYAML

/// Builds nodes from libyaml's events, without recursion, and reports what our configuration refuses.
struct YAMLComposer {
    /// A list or mapping that is still open.
    private struct Frame {
        let isMapping: Bool
        let position: SourcePosition
        var items: [YAMLNode] = []
        var entries: [YAMLNode.Entry] = []
        var keys: [String: SourcePosition] = [:]
        /// The key whose value comes next.
        var key: PendingKey?
    }

    private enum PendingKey {
        case text(String, SourcePosition)
        /// Already reported: its value is read and dropped.
        case refused
    }

    private let file: Int
    private let limits: YAMLDocument.Limits
    private var frames: [Frame] = []
    private var nodes = 0
    private var documents = 0
    private var root: YAMLNode?
    private var failed = false

    private(set) var diagnostics: Diagnostics
    /// Whether no further event is wanted.
    private(set) var isDone = false

    init(file: Int, limits: YAMLDocument.Limits, diagnostics: Diagnostics) {
        self.file = file
        self.limits = limits
        self.diagnostics = diagnostics
    }

    /// The root, unless the document could not be read to its end.
    func finish() -> YAMLNode? { failed ? nil : root }

    /// Ends the document with an error.
    mutating func fail(at position: SourcePosition, _ problem: String, instead remedy: String? = nil) {
        diagnostics.error(at: position, problem, instead: remedy)
        failed = true
        isDone = true
    }

    /// Takes the next event; the caller still owns and frees it.
    mutating func take(_ event: yaml_event_t) {
        let place = unsafe position(event.start_mark)
        // SAFETY: each union member is read only under the event type that fills it; its strings are copied here.
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT: unsafe takeDocumentStart(event, at: place)
        case YAML_ALIAS_EVENT: takeAlias(at: place)
        case YAML_SCALAR_EVENT: unsafe takeScalar(event, at: place)
        case YAML_SEQUENCE_START_EVENT:
            let data = unsafe event.data.sequence_start
            unsafe refuse(anchor: data.anchor, tag: data.tag, at: place)
            open(isMapping: false, at: place)
        case YAML_MAPPING_START_EVENT:
            let data = unsafe event.data.mapping_start
            unsafe refuse(anchor: data.anchor, tag: data.tag, at: place)
            open(isMapping: true, at: place)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: close()
        case YAML_STREAM_END_EVENT: isDone = true
        default: break
        }
    }

    private mutating func takeDocumentStart(_ event: yaml_event_t, at place: SourcePosition) {
        let data = unsafe event.data.document_start
        if unsafe data.version_directive != nil || data.tag_directives.start != data.tag_directives.end {
            diagnostics.error(
                at: place, "YAML directives are not used here", instead: "remove the line that starts with %")
        }
        documents += 1
        if documents > 1 {
            fail(at: place, "a second document starts here", instead: "one file holds one document; remove the ---")
        }
    }

    private mutating func takeAlias(at place: SourcePosition) {
        diagnostics.error(at: place, "aliases are not used here", instead: "write the value out")
        attach(.init(content: .refused, position: place))
    }

    private mutating func takeScalar(_ event: yaml_event_t, at place: SourcePosition) {
        let data = unsafe event.data.scalar
        unsafe refuse(anchor: data.anchor, tag: data.tag, at: place)
        // SAFETY: libyaml gives `length` valid UTF-8 bytes at `value`; they are copied before the event is freed.
        let text = unsafe String(
            decoding: UnsafeBufferPointer(start: data.value, count: Int(clamping: data.length)), as: UTF8.self)
        let plain = unsafe data.style == YAML_PLAIN_SCALAR_STYLE
        attach(.init(content: .scalar(text, isPlain: plain), position: place))
    }

    private mutating func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, at place: SourcePosition
    ) {
        if unsafe anchor != nil {
            diagnostics.error(at: place, "anchors are not used here", instead: "remove the &name")
        }
        if unsafe tag != nil {
            diagnostics.error(
                at: place, "tags are not used here", instead: "remove the !tag; types follow from the key")
        }
    }

    private mutating func open(isMapping: Bool, at place: SourcePosition) {
        guard frames.count < limits.depth else {
            fail(at: place, "lists and mappings are nested deeper than \(limits.depth)")
            return
        }
        frames.append(Frame(isMapping: isMapping, position: place))
    }

    private mutating func close() {
        guard let frame = frames.popLast() else { return }
        let content: YAMLNode.Content = frame.isMapping ? .mapping(frame.entries) : .sequence(frame.items)
        attach(.init(content: content, position: frame.position))
    }

    /// Puts a finished node where it belongs: the root, the next item, the next key or the value of the last key.
    private mutating func attach(_ node: YAMLNode) {
        nodes += 1
        guard nodes <= limits.nodes else {
            fail(
                at: node.position, "the file has more than \(limits.nodes) values", instead: "split it and use include")
            return
        }
        let last = frames.count - 1
        guard last >= 0 else {
            root = node
            return
        }
        guard frames[last].isMapping else {
            frames[last].items.append(node)
            return
        }
        switch frames[last].key.take() {
        case nil: frames[last].key = takeKey(node, in: last)
        case .refused: break
        case .text(let key, let position):
            frames[last].entries.append(.init(key: key, position: position, value: node))
        }
    }

    private mutating func takeKey(_ node: YAMLNode, in frame: Int) -> PendingKey {
        guard case .scalar(let key, _) = node.content else {
            if case .refused = node.content { return .refused }
            diagnostics.error(at: node.position, "a key must be text, not \(node.description)")
            return .refused
        }
        if let first = frames[frame].keys[key] {
            diagnostics.error(
                at: node.position, "key '\(key.abbreviated)' stands twice, first at \(diagnostics.place(first))",
                instead: "remove one of them")
            return .refused
        }
        frames[frame].keys[key] = node.position
        return .text(key, node.position)
    }

    private func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(file: file, line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }
}
