/// What decoding carries along: the diagnostics, the path of keys down to the current node, and which file it reads.
struct Decoding {
    /// Everything found so far.
    var diagnostics: Diagnostics
    /// Directory of the file, relative to the main file's; empty for the main file's own.
    let directory: String
    /// Directory of the main file as given on the command line; empty for the current directory.
    let root: String
    /// Whether the file was included, so that keys of the main file have no place in it.
    let isIncluded: Bool

    private var path: [String] = []

    init(diagnostics: Diagnostics, root: String = "", directory: String = "", isIncluded: Bool = false) {
        self.diagnostics = diagnostics
        self.root = root
        self.directory = directory
        self.isIncluded = isIncluded
    }

    /// The keys down to the current node, as in `listeners.public.tls`.
    var place: String {
        var text = ""
        for part in path { text += text.isEmpty || part.hasPrefix("[") ? part : "." + part }
        return text
    }

    /// Whether the current node is the root of the file.
    var isAtRoot: Bool { path.isEmpty }

    /// Runs `body` one key, or one `[index]`, further down.
    mutating func within<Result>(_ part: String, _ body: (inout Decoding) -> Result) -> Result {
        path.append(part)
        let result = body(&self)
        path.removeLast()
        return result
    }

    /// Records an error about the current node: its path, then `problem`.
    mutating func error(at position: SourcePosition, _ problem: String, instead remedy: String? = nil) {
        let place = place
        diagnostics.error(at: position, place.isEmpty ? problem : "\(place): \(problem)", instead: remedy)
    }

    /// Records that the node is of the wrong kind and returns nil, for the caller to return; says nothing of refused nodes.
    mutating func mismatch<Value>(_ node: YAMLNode, expected: String) -> Value? {
        if case .refused = node.content { return nil }
        if node.isEmpty {
            error(at: node.position, "has no value", instead: "write \(expected), or leave the key out")
        } else {
            error(at: node.position, "\(node.description) is not \(expected)")
        }
        return nil
    }
}
