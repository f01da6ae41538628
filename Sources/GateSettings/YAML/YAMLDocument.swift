import CYAML

/// Reads one YAML document from bytes: strict, bounded, every node with its place.
///
/// libyaml's event interface does the lexical work. Refused, with a diagnostic: anchors, aliases, tags, directives,
/// keys that stand twice, keys that are not text, a second document, and what passes a limit. A syntax error ends the
/// document, since nothing after it can be trusted; everything before it has been reported.
public enum YAMLDocument {
    /// Bounds of one document.
    public struct Limits: Sendable {
        /// Bytes of the document; 64 MiB holds 100,000 routes with room to spare.
        public var bytes = 64 << 20
        /// Lists and mappings inside each other; the schema needs 9.
        public var depth = 32
        /// Nodes in all; 100,000 routes have about 2,000,000.
        public var nodes = 8_000_000

        /// The defaults above.
        public init() {}
    }

    /// The root of the document in `bytes`, or nil when there is none or it could not be read.
    ///
    /// `file` is the index that `diagnostics` gave to the file.
    public static func parse(
        _ bytes: [UInt8], file: Int, limits: Limits = Limits(), diagnostics: inout Diagnostics
    ) -> YAMLNode? {
        guard bytes.count <= limits.bytes else {
            diagnostics.error(
                at: SourcePosition(file: file, line: 0, column: 0),
                "the file has \(bytes.count) bytes, the limit is \(limits.bytes)",
                instead: "split it and use include")
            return nil
        }
        var composer = YAMLComposer(file: file, limits: limits, diagnostics: diagnostics)
        // SAFETY: the parser and its input pointer live only inside these closures; libyaml keeps a pointer to the
        // parser itself, hence memory with a fixed address.
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe withUnsafeTemporaryAllocation(of: yaml_parser_t.self, capacity: 1) { storage in
                guard let parser = storage.baseAddress, unsafe yaml_parser_initialize(parser) == 1 else {
                    composer.fail(at: .init(file: file, line: 0, column: 0), "no memory for the YAML parser")
                    return
                }
                unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
                unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
                unsafe readEvents(of: parser, input: input, file: file, into: &composer)
                unsafe yaml_parser_delete(parser)
            }
        }
        diagnostics = composer.diagnostics
        return composer.finish()
    }

    private static func readEvents(
        of parser: UnsafeMutablePointer<yaml_parser_t>, input: UnsafeBufferPointer<UInt8>, file: Int,
        into composer: inout YAMLComposer
    ) {
        while !composer.isDone {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else {
                unsafe reportFailure(of: parser, input: input, file: file, into: &composer)
                return
            }
            unsafe composer.take(event)
            unsafe yaml_event_delete(&event)
        }
    }

    /// Reports libyaml's own complaint, in its words, at the place it names.
    private static func reportFailure(
        of parser: UnsafeMutablePointer<yaml_parser_t>, input: UnsafeBufferPointer<UInt8>, file: Int,
        into composer: inout YAMLComposer
    ) {
        let words = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "cannot be read"
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            // The reader names a byte offset instead of a line: invalid UTF-8 or a control character.
            let place = unsafe position(ofByte: Int(parser.pointee.problem_offset), in: input, file: file)
            composer.fail(at: place, "not valid YAML text: \(words)", instead: "write the file as UTF-8")
            return
        }
        let mark = unsafe parser.pointee.problem_mark
        let place = SourcePosition(
            file: file, line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
        let context = unsafe parser.pointee.context.map { unsafe " \(String(cString: $0))" } ?? ""
        composer.fail(at: place, "not valid YAML: \(words)\(context)")
    }

    private static func position(ofByte offset: Int, in input: UnsafeBufferPointer<UInt8>, file: Int) -> SourcePosition
    {
        var line = 1
        var column = 1
        for index in 0..<max(0, min(offset, input.count)) {
            // SAFETY: the index is below the buffer's count.
            let byte = unsafe input[index]
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return SourcePosition(file: file, line: line, column: column)
    }
}
