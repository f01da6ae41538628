/// Reads a JSON body into arguments, named by their paths as ModSecurity 3 names them: `json.a.b`, `json.list.array_0`.
///
/// Strict RFC 8259, without recursion: depth and the number of arguments are bounded. Keys that occur twice in an object
/// are a problem, since readers differ in which one they take; so is half a surrogate pair.
struct JSONBody {
    /// An object or array that is open.
    private struct Frame {
        let isArray: Bool
        /// Where what it adds to the path begins.
        let pathStart: Int
        /// Where the hashes of its keys begin.
        let keysStart: Int
        /// The number of the next element of an array.
        var element = 0
    }

    /// What may come next, apart from white space.
    private enum Expectation {
        case value
        case valueOrEnd
        case key
        case keyOrEnd
        case commaOrEnd
        case nothing
    }

    /// Where the body lies in the table's arena.
    private let start: Int
    private let limits: InspectionLimits
    private var frames: [Frame] = []
    /// The path of the innermost frame, `json.` or `json.list.array_`.
    private var path: [UInt8] = []
    /// The key of the value that comes next, decoded.
    private var key: [UInt8] = []
    private var keyHashes: [UInt64] = []
    private var nameBytes = 0
    private var bodyCount = 0
    private var hasDuplicate = false
    private var expectation = Expectation.value
    private var scanner = JSONScanner()

    init(start: Int, limits: InspectionLimits) {
        self.start = start
        self.limits = limits
    }

    /// Reads `body`, which lies in the arena of `table` already.
    mutating func read(_ body: Span<UInt8>, into table: inout VariableTable) throws(BodyProblem) {
        bodyCount = body.count
        while true {
            scanner.skipSpace(body)
            guard scanner.index < body.count else { break }
            let byte = body[scanner.index]
            switch expectation {
            case .value:
                try readValue(byte, body, into: &table)
            case .valueOrEnd:
                if byte == 0x5D { try close(byte) } else { try readValue(byte, body, into: &table) }
            case .key:
                try readKey(byte, body)
            case .keyOrEnd:
                if byte == 0x7D { try close(byte) } else { try readKey(byte, body) }
            case .commaOrEnd:
                if byte == 0x2C, let frame = frames.last {
                    scanner.index &+= 1
                    expectation = frame.isArray ? .value : .key
                } else {
                    try close(byte)
                }
            case .nothing:
                throw .jsonTrailingData
            }
        }
        guard case .nothing = expectation else { throw .jsonTruncated }
        if hasDuplicate { throw .jsonDuplicateKey }
    }

    private mutating func readValue(
        _ byte: UInt8, _ body: Span<UInt8>, into table: inout VariableTable
    ) throws(BodyProblem) {
        switch byte {
        case 0x7B: try open(isArray: false)
        case 0x5B: try open(isArray: true)
        case 0x22:
            let value = try scanner.readString(body, at: start, into: &table)
            try add(value, to: &table)
        case 0x74: try readLiteral("true", body, into: &table)
        case 0x66: try readLiteral("false", body, into: &table)
        case 0x6E: try readLiteral("null", body, into: &table)
        case 0x2D, 0x30...0x39:
            let from = scanner.index
            try scanner.skipNumber(body)
            try add(arenaRange(from..<scanner.index), to: &table)
        default: throw .jsonSyntax
        }
    }

    /// A value of null is empty.
    private mutating func readLiteral(
        _ word: StaticString, _ body: Span<UInt8>, into table: inout VariableTable
    ) throws(BodyProblem) {
        let index = scanner.index
        let end = index &+ word.utf8CodeUnitCount
        guard end <= body.count else { throw .jsonTruncated }
        guard body.equals(word, in: index..<end) else { throw .jsonSyntax }
        let isNull = body[index] == 0x6E
        let value = arenaRange(index..<(isNull ? index : end))
        scanner.index = end
        try add(value, to: &table)
    }

    private mutating func readKey(_ byte: UInt8, _ body: Span<UInt8>) throws(BodyProblem) {
        guard byte == 0x22 else { throw .jsonSyntax }
        key.removeAll(keepingCapacity: true)
        try scanner.readString(body, into: &key)
        keyHashes.append(JSONBody.hash(key.span))
        scanner.skipSpace(body)
        guard scanner.index < body.count else { throw .jsonTruncated }
        guard body[scanner.index] == 0x3A else { throw .jsonSyntax }
        scanner.index &+= 1
        expectation = .value
    }

    // MARK: Frames and names

    private mutating func open(isArray: Bool) throws(BodyProblem) {
        guard frames.count < limits.depth else { throw .jsonDepth }
        let pathStart = path.count
        if let frame = frames.last, frame.isArray {
            appendDecimal(frame.element)
        } else if frames.isEmpty {
            path.append(contentsOf: "json".utf8)
        } else if key.isEmpty {
            path.append(contentsOf: "empty-key".utf8)
        } else {
            path.append(contentsOf: key)
        }
        if isArray { path.append(contentsOf: ".array_".utf8) } else { path.append(0x2E) }
        frames.append(Frame(isArray: isArray, pathStart: pathStart, keysStart: keyHashes.count))
        scanner.index &+= 1
        expectation = isArray ? .valueOrEnd : .keyOrEnd
    }

    private mutating func close(_ byte: UInt8) throws(BodyProblem) {
        guard let frame = frames.last, byte == (frame.isArray ? 0x5D : 0x7D) else { throw .jsonSyntax }
        frames.removeLast()
        if JSONBody.containsTwice(keyHashes.span.extracting(frame.keysStart..<keyHashes.count)) { hasDuplicate = true }
        keyHashes.removeLast(keyHashes.count &- frame.keysStart)
        path.removeLast(path.count &- frame.pathStart)
        scanner.index &+= 1
        endValue()
    }

    /// After a value: counts it where it is an element, and says what comes next.
    private mutating func endValue() {
        guard let last = frames.indices.last else {
            expectation = .nothing
            return
        }
        if frames[last].isArray { frames[last].element &+= 1 }
        expectation = .commaOrEnd
    }

    private mutating func add(_ value: Range<Int>, to table: inout VariableTable) throws(BodyProblem) {
        guard table.measures.arguments < limits.arguments else { throw .tooManyArguments }
        let from = table.bytes.count
        if let frame = frames.last {
            // LIMIT: a long key over many elements would be written once for each of them.
            nameBytes &+= path.count &+ (frame.isArray ? 0 : key.count)
            guard nameBytes <= 65_536 &+ bodyCount else { throw .namesTooLong }
            _ = table.append(path.span)
            if frame.isArray {
                _ = table.appendNumber(frame.element)
            } else if key.isEmpty {
                table.append("empty-key")
            } else {
                _ = table.append(key.span)
            }
        } else {
            table.append("json")
        }
        // As in ModSecurity 3: ARGS and ARGS_NAMES, not ARGS_POST.
        table.addArgument(.args, name: from..<table.bytes.count, value: value)
        endValue()
    }

    /// Where a range of the body lies in the arena.
    func arenaRange(_ range: Range<Int>) -> Range<Int> {
        (start &+ range.lowerBound)..<(start &+ range.upperBound)
    }

    private mutating func appendDecimal(_ number: Int) {
        var divisor = 1
        while number / divisor > 9 { divisor &*= 10 }
        while divisor > 0 {
            path.append(0x30 &+ UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}

// Keys.
extension JSONBody {
    /// FNV-1a over the decoded key. Two keys of one hash are taken for duplicates: that refuses whoever made them.
    private static func hash(_ key: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in 0..<key.count { hash = (hash ^ UInt64(key[index])) &* 0x0000_0100_0000_01B3 }
        return hash
    }

    /// Whether two of the hashes are equal.
    private static func containsTwice(_ hashes: Span<UInt64>) -> Bool {
        guard hashes.count > 16 else {
            for later in 0..<hashes.count {
                for earlier in 0..<later where hashes[earlier] == hashes[later] { return true }
            }
            return false
        }
        var sorted: [UInt64] = []
        sorted.reserveCapacity(hashes.count)
        for index in 0..<hashes.count { sorted.append(hashes[index]) }
        sorted.sort()
        for index in 1..<sorted.count where sorted[index] == sorted[index &- 1] { return true }
        return false
    }
}
