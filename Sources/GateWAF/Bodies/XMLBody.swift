internal import CExpat

/// Reads an XML body: its text as `XML:/*`, each value of an attribute as `XML://@*`.
///
/// expat does the reading, in one pass over the whole body. A document type is refused, and with it every entity that
/// is not predefined; so is an encoding that is not compatible with ASCII, and nesting beyond the limit.
enum XMLBody {
    /// Reads `body` into `table`; what was read before a problem is there too.
    static func read(
        _ body: Span<UInt8>, into table: inout VariableTable, limits: InspectionLimits
    ) throws(BodyProblem) {
        guard hasASCIIStart(body) else { throw .xmlEncoding }
        guard let parser = unsafe XML_ParserCreate(nil) else { throw .xmlMemory }
        // SAFETY: the parser is live here and freed once, after its last use.
        defer { unsafe XML_ParserFree(parser) }
        let collector = unsafe XMLCollector(limits: limits, parser: parser)
        collector.install()
        // The collector writes text into the arena itself, so that it is held once.
        swap(&table, &collector.table)
        let isParsed = unsafe parse(body, parser)
        swap(&table, &collector.table)
        collector.finish(&table)
        if let problem = collector.problem { throw problem }
        guard isParsed else { throw .xmlSyntax }
    }

    private static func parse(_ body: Span<UInt8>, _ parser: XML_Parser) -> Bool {
        // SAFETY: expat reads `count` bytes of the span's memory within the call, and no more.
        unsafe body.withUnsafeBytes { bytes in
            guard let count = Int32(exactly: bytes.count) else { return false }
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            return unsafe XML_Parse(parser, start, count, Int32(XML_TRUE)) == XML_STATUS_OK
        }
    }

    /// Whether the first characters are bytes of ASCII: neither the byte order mark of UTF-16 nor the zeros of UTF-16 or
    /// UTF-32 without one.
    private static func hasASCIIStart(_ body: Span<UInt8>) -> Bool {
        for index in 0..<min(body.count, 4) where body[index] == 0 || body[index] >= 0xFE { return false }
        return true
    }
}

/// What expat reports about one document.
@safe
private final class XMLCollector {
    private let limits: InspectionLimits
    // SAFETY: used by the handlers alone, which expat calls while the parser is live.
    private let parser: XML_Parser
    /// The table that is filled, for as long as expat parses.
    var table = VariableTable()
    private var textStart: Int?
    private var attributes: [UInt8] = []
    /// Where the value of each attribute ends.
    private var attributeEnds: [Int] = []
    private var depth = 0
    private(set) var problem: BodyProblem?

    init(limits: InspectionLimits, parser: XML_Parser) {
        self.limits = limits
        unsafe self.parser = unsafe parser
    }

    /// Adds the rows: the text that lies in the arena of `table` already, and the attributes.
    func finish(_ table: inout VariableTable) {
        let end = table.bytes.count
        let textName = table.append("/*".utf8.span)
        table.add(.xml, name: textName, value: min(textStart ?? end, end)..<end)
        let name = table.append("//@*".utf8.span)
        let values = table.append(attributes.span)
        var start = values.lowerBound
        for attributeEnd in attributeEnds {
            table.add(.xml, name: name, value: start..<(values.lowerBound &+ attributeEnd))
            start = values.lowerBound &+ attributeEnd
        }
    }

    /// Sets the handlers of the parser, with this collector as their user data.
    func install() {
        // SAFETY: the collector is used after the parse, so that the unretained pointer is valid in every handler.
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        unsafe XML_SetElementHandler(
            parser,
            { data, _, attributes in unsafe XMLCollector.of(data)?.start(attributes) },
            { data, _ in unsafe XMLCollector.of(data)?.end() })
        unsafe XML_SetCharacterDataHandler(parser) { data, start, count in
            // SAFETY: expat passes `count` bytes at `start`, which live for this call.
            let buffer = unsafe UnsafeRawBufferPointer(start: start, count: Int(max(count, 0)))
            unsafe XMLCollector.of(data)?.addText(buffer.bindMemory(to: UInt8.self).span)
        }
        unsafe XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
            unsafe XMLCollector.of(data)?.stop(.xmlDeclaration)
        }
        unsafe XML_SetXmlDeclHandler(parser) { data, version, encoding, _ in
            unsafe XMLCollector.of(data)?.declare(version: version, encoding: encoding)
        }
    }

    private func addText(_ text: Span<UInt8>) {
        let range = table.append(text)
        if textStart == nil { textStart = range.lowerBound }
    }

    /// The collector of a handler's user data.
    private static func of(_ data: UnsafeMutableRawPointer?) -> XMLCollector? {
        // SAFETY: the user data is the pointer that `install` set.
        unsafe data.map { unsafe Unmanaged<XMLCollector>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Ends the parse with a problem; the first one counts.
    private func stop(_ problem: BodyProblem) {
        if self.problem == nil { self.problem = problem }
        _ = unsafe XML_StopParser(parser, XML_Bool(XML_FALSE))
    }

    private func start(_ pairs: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) {
        depth &+= 1
        guard depth <= limits.depth else { return stop(.xmlDepth) }
        guard let pairs = unsafe pairs else { return }
        var index = 0
        // SAFETY: expat passes names and values in turn, each a string that ends in a zero, and a NULL behind the last.
        while let name = unsafe pairs[index], let value = unsafe pairs[index &+ 1] {
            index &+= 2
            // XPath 1.0 §5.3: what declares a namespace is no attribute.
            if unsafe isNamespace(name) { continue }
            guard attributeEnds.count < limits.arguments else { return stop(.tooManyArguments) }
            var place = 0
            while unsafe value[place] != 0 {
                attributes.append(UInt8(bitPattern: unsafe value[place]))
                place &+= 1
            }
            attributeEnds.append(attributes.count)
        }
    }

    /// Whether a name is `xmlns`, or begins with `xmlns:`.
    private func isNamespace(_ name: UnsafePointer<XML_Char>) -> Bool {
        var place = 0
        // SAFETY: the name is a string that ends in a zero, at which the comparison ends.
        for byte in "xmlns".utf8 {
            guard UInt8(bitPattern: unsafe name[place]) == byte else { return false }
            place &+= 1
        }
        return unsafe name[place] == 0 || name[place] == 0x3A
    }

    private func end() {
        depth &-= 1
    }

    /// Takes the declaration: version 1, which expat does not check, and an encoding that is compatible with ASCII.
    private func declare(version: UnsafePointer<XML_Char>?, encoding: UnsafePointer<XML_Char>?) {
        if let version = unsafe version {
            let bytes = unsafe XMLCollector.copy(version)
            if !bytes.span.hasPrefixLowercased("1.", in: 0..<bytes.count) { return stop(.xmlSyntax) }
        }
        if let encoding = unsafe encoding {
            let bytes = unsafe XMLCollector.copy(encoding)
            if !ContentType.isASCIICompatible(bytes.span, from: 0) { stop(.xmlEncoding) }
        }
    }

    private static func copy(_ text: UnsafePointer<XML_Char>) -> [UInt8] {
        var bytes: [UInt8] = []
        var place = 0
        // SAFETY: the text is a string that ends in a zero.
        while unsafe text[place] != 0 {
            bytes.append(UInt8(bitPattern: unsafe text[place]))
            place &+= 1
        }
        return bytes
    }
}
