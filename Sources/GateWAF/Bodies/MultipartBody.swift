/// Reads a `multipart/form-data` body into arguments and files (attack 58), line by line as ModSecurity does.
///
/// What a value is, and where a part ends, is decided by exact lines alone; whatever others might read as a boundary or a
/// header is a problem or sets MULTIPART_STRICT_ERROR, which the built-in rules refuse. Line breaks within a value stay,
/// which 3.0.9 lost.
struct MultipartBody {
    /// LIMIT: bytes of one line of a part's head.
    private static let maxHeaderBytes = 4096

    /// Where the reader is.
    private enum Place {
        case preamble
        case partHead
        case partData(start: Int)
        case end
    }

    private let boundary: MultipartBoundary
    /// Two hyphens and the boundary.
    private let delimiter: [UInt8]
    private let limits: InspectionLimits
    /// Where the body lies in the table's arena.
    private let start: Int
    private var part = MultipartPart()
    private var place = Place.preamble
    private var parts = 0
    private var fileBytes = 0
    /// ModSecurity's value of MULTIPART_UNMATCHED_BOUNDARY: 1 for what looks like a boundary, 2 after a second real one.
    private(set) var unmatchedBoundary = 0
    /// Whether something is unusual enough for MULTIPART_STRICT_ERROR.
    private(set) var isStrict: Bool
    /// What is wrong with a part that could be read all the same.
    private var partProblem: BodyProblem?

    init(boundary: MultipartBoundary, start: Int, limits: InspectionLimits) {
        self.boundary = boundary
        delimiter = [0x2D, 0x2D] + boundary.bytes
        self.start = start
        self.limits = limits
        isStrict = boundary.isStrict
    }

    /// Reads `body`, which lies in the arena of `table` already.
    mutating func read(_ body: Span<UInt8>, into table: inout VariableTable) throws(BodyProblem) {
        var index = 0
        var previousEnd = LineEnd.none
        while index < body.count {
            if case .end = place {
                // Data after the last boundary.
                isStrict = false
                break
            }
            let line = Line(body, from: index)
            if let isFinal = try matchBoundary(body, line) {
                if previousEnd == .feed || line.end == .feed { isStrict = false }
                try finishPart(body, dataEnd: line.start &- previousEnd.count, into: &table)
                try startPart(isFinal: isFinal, endsInLine: line.end == .none)
            } else {
                try readLine(body, line, into: &table)
            }
            previousEnd = line.end
            index = line.next
        }
        if case .end = place {
            if let partProblem { throw partProblem }
            return
        }
        if case .preamble = place {
            guard body.isEmpty else { throw .multipartNoBoundary }
            return
        }
        throw .multipartFinalBoundary
    }

    /// Whether the line is the boundary, and if so, whether it is the final one. Notes what resembles it.
    private mutating func matchBoundary(
        _ body: Span<UInt8>, _ line: Line
    ) throws(BodyProblem) -> Bool? {
        let content = line.content
        guard content.count >= 2, body[content.lowerBound] == 0x2D, body[content.lowerBound &+ 1] == 0x2D else {
            // In linear time, however much the body resembles the boundary.
            if line.hasHyphens, ByteSearch.firstIndex(of: delimiter.span, in: body.extracting(content)) != nil {
                unmatchedBoundary = 1
            }
            return nil
        }
        let name = content.lowerBound &+ 2
        guard isBoundary(body, at: name, to: content.upperBound) else {
            // White space or a quote before it: an attempt at a boundary that some take.
            var other = name
            while other < content.upperBound, isWhiteSpace(body[other]) || body[other] == 0x22 { other &+= 1 }
            if other > name, isBoundary(body, at: other, to: content.upperBound) {
                throw .multipartInvalidBoundary
            }
            if content.count &+ line.end.count > 3 { unmatchedBoundary = 1 }
            return nil
        }
        let rest = (name &+ boundary.bytes.count)..<content.upperBound
        if rest.isEmpty {
            // The body ends within the line: no boundary at all.
            guard line.end != .none else { throw .multipartFinalBoundary }
            return false
        }
        guard rest.count == 2, body[rest.lowerBound] == 0x2D, body[rest.lowerBound &+ 1] == 0x2D else {
            throw .multipartInvalidBoundary
        }
        return true
    }

    /// Whether the boundary, without its hyphens, stands at `place` and ends at `end` at the latest.
    private func isBoundary(_ body: Span<UInt8>, at place: Int, to end: Int) -> Bool {
        guard end &- place >= boundary.bytes.count else { return false }
        for index in boundary.bytes.indices where body[place &+ index] != boundary.bytes[index] { return false }
        return true
    }

    private mutating func startPart(isFinal: Bool, endsInLine: Bool) throws(BodyProblem) {
        // ModSecurity leaves the mark as it is for a final boundary without a line break.
        if parts > 0, !endsInLine { unmatchedBoundary = 2 }
        if isFinal {
            // A form without fields is the final boundary alone, on a line of its own.
            guard parts > 0 || !endsInLine else { throw .multipartNoBoundary }
            place = .end
            return
        }
        parts &+= 1
        guard parts <= limits.parts else { throw .multipartTooManyParts }
        part = MultipartPart()
        place = .partHead
    }

    private mutating func readLine(
        _ body: Span<UInt8>, _ line: Line, into table: inout VariableTable
    ) throws(BodyProblem) {
        switch place {
        case .preamble: isStrict = false
        case .partHead:
            if line.end == .feed { isStrict = false }
            guard line.content.count <= MultipartBody.maxHeaderBytes else { throw .multipartPartHeader }
            guard line.content.isEmpty else { return try part.addHeader(body, line.content) }
            try part.finishHead(body)
            if part.hasInvalidQuoting { isStrict = false }
            if let problem = part.problem { partProblem = partProblem ?? problem }
            place = .partData(start: line.next)
        case .partData, .end: break
        }
    }

    /// Adds the part that a boundary ends; its data ends before the line break that belongs to the boundary.
    private mutating func finishPart(
        _ body: Span<UInt8>, dataEnd: Int, into table: inout VariableTable
    ) throws(BodyProblem) {
        switch place {
        case .preamble, .end: return
        case .partHead: throw .multipartPart
        case .partData(let dataStart):
            guard dataStart <= dataEnd else { throw .multipartPart }
            try add(body, data: dataStart..<dataEnd, to: &table)
        }
    }

    private mutating func add(
        _ body: Span<UInt8>, data: Range<Int>, to table: inout VariableTable
    ) throws(BodyProblem) {
        let name = table.append(part.name.span)
        for header in part.headers {
            table.add(
                .multipartPartHeaders, name: name, value: (start &+ header.lowerBound)..<(start &+ header.upperBound))
        }
        if let filename = part.filename {
            table.add(.files, name: name, value: table.append(filename.span))
            table.add(.filesNames, name: name, value: name)
            table.add(.filesSizes, name: name, value: table.appendNumber(data.count))
            fileBytes &+= data.count
            table.setNumber(.filesCombinedSize, to: fileBytes)
            return
        }
        guard table.measures.arguments < limits.arguments else { throw .tooManyArguments }
        table.addArgument(.argsPost, name: name, value: (start &+ data.lowerBound)..<(start &+ data.upperBound))
        // RFC 7578 §4.6: a field of this name declares the charset of the others.
        if part.name == Array("_charset_".utf8), !ContentType.isASCIICompatible(body.extracting(data), from: 0) {
            partProblem = partProblem ?? .multipartCharset
        }
    }
}

/// How a line ends.
private enum LineEnd {
    case none
    case feed
    case returnAndFeed

    /// Its bytes.
    var count: Int {
        switch self {
        case .none: 0
        case .feed: 1
        case .returnAndFeed: 2
        }
    }
}

/// One line of a body.
private struct Line {
    let start: Int
    /// The line without its end.
    let content: Range<Int>
    let end: LineEnd
    /// Where the next line begins.
    let next: Int
    /// Whether two hyphens follow each other somewhere.
    let hasHyphens: Bool

    init(_ body: Span<UInt8>, from start: Int) {
        self.start = start
        var index = start
        var previous: UInt8 = 0
        var hasHyphens = false
        while index < body.count, body[index] != 0x0A {
            if previous == 0x2D, body[index] == 0x2D { hasHyphens = true }
            previous = body[index]
            index &+= 1
        }
        self.hasHyphens = hasHyphens
        if index == body.count {
            end = .none
            content = start..<index
            next = index
        } else {
            end = previous == 0x0D && index > start ? .returnAndFeed : .feed
            content = start..<(end == .returnAndFeed ? index &- 1 : index)
            next = index &+ 1
        }
    }
}
