/// The head of one part of a multipart body.
struct MultipartPart {
    /// LIMIT: header fields of a part.
    private static let maxHeaders = 32

    /// The lines of the head, without their ends.
    private(set) var headers: [Range<Int>] = []
    private(set) var name: [UInt8] = []
    /// The name of the file that it is; nil for an argument.
    private(set) var filename: [UInt8]?
    private(set) var hasInvalidQuoting = false
    /// What others may read differently in a part that can be read.
    private(set) var problem: BodyProblem?

    /// Takes one line of the head.
    mutating func addHeader(_ body: Span<UInt8>, _ line: Range<Int>) throws(BodyProblem) {
        guard headers.count < MultipartPart.maxHeaders else { throw .multipartPartHeader }
        // RFC 5322 §2.2.3: a line that begins with white space goes on with the one before. Some take any white space.
        if isWhiteSpace(body[line.lowerBound]) { throw .multipartFolding }
        guard let colon = body.extracting(line).firstIndex(of: 0x3A, from: 0), colon > 0 else {
            throw .multipartPartHeader
        }
        for index in line {
            let byte = body[index]
            // A bare CR or a NUL ends the line for some readers.
            guard byte != 0x0D, byte != 0 else { throw .multipartPartHeader }
            guard index >= line.lowerBound &+ colon || (byte > 0x20 && byte < 0x7F) else { throw .multipartPartHeader }
        }
        headers.append(line)
    }

    /// Reads what the lines say, at the end of the head.
    mutating func finishHead(_ body: Span<UInt8>) throws(BodyProblem) {
        guard let disposition = try value(of: "content-disposition", body),
            let read = ContentDisposition(body.extracting(disposition))
        else { throw .multipartDisposition }
        name = read.name
        filename = read.filename
        hasInvalidQuoting = read.hasInvalidQuoting
        if let type = try value(of: "content-type", body), !ContentType.hasASCIICharset(body.extracting(type)) {
            problem = .multipartCharset
        }
        // RFC 7578 §4.7: deprecated; where it encodes, rules would see other bytes than the backend (CVE-2022-39956).
        if let encoding = try value(of: "content-transfer-encoding", body) {
            let isPlain =
                body.equalsLowercased("7bit", in: encoding) || body.equalsLowercased("8bit", in: encoding)
                || body.equalsLowercased("binary", in: encoding)
            if !isPlain { problem = problem ?? .multipartEncoding }
        }
        for (index, line) in headers.enumerated() {
            for other in headers[..<index] where sameName(body, line, other) { throw .multipartPartHeader }
        }
    }

    /// The value of the header called `name`, in lower case, without white space around it.
    private func value(of name: StaticString, _ body: Span<UInt8>) throws(BodyProblem) -> Range<Int>? {
        for line in headers {
            let end = line.lowerBound &+ name.utf8CodeUnitCount
            guard end < line.upperBound, body[end] == 0x3A, body.hasPrefixLowercased(name, in: line) else { continue }
            let start = min(body.skippingBlanks(from: end &+ 1), line.upperBound)
            var last = line.upperBound
            while last > start, body[last &- 1] == 0x20 || body[last &- 1] == 0x09 { last &-= 1 }
            return start..<last
        }
        return nil
    }

    /// Whether two lines have the same name, without regard to case.
    private func sameName(_ body: Span<UInt8>, _ line: Range<Int>, _ other: Range<Int>) -> Bool {
        var index = 0
        while index < line.count, index < other.count {
            let byte = body[line.lowerBound &+ index]
            let otherByte = body[other.lowerBound &+ index]
            let isLetter = byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
            guard byte == otherByte || (isLetter && byte ^ otherByte == 0x20) else { return false }
            if byte == 0x3A { return true }
            index &+= 1
        }
        return false
    }
}
