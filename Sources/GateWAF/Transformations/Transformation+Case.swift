extension Transformation {
    static func lowercase(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) -> Bool {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            for index in start..<input.count { out.append(input[index].loweredASCII) }
        }
        return true
    }

    static func uppercase(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) -> Bool {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            for index in start..<input.count {
                let byte = input[index]
                out.append(byte &- 0x61 < 26 ? byte & 0xDF : byte)
            }
        }
        return true
    }

    static func removeNulls(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) -> Bool {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            for index in start..<input.count where input[index] != 0 { out.append(input[index]) }
        }
        return true
    }

    static func replaceNulls(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) -> Bool {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            for index in start..<input.count { out.append(input[index] == 0 ? 0x20 : input[index]) }
        }
        return true
    }

    static func cmdLine(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var endsInSpace = false
            for index in start..<input.count {
                let byte = input[index]
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "^"):
                    break
                case UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, 0x0A, 0x0D:
                    if !endsInSpace { out.append(UInt8(ascii: " ")) }
                    endsInSpace = true
                case UInt8(ascii: "/"), UInt8(ascii: "("):
                    if endsInSpace { out.removeLast(1) }
                    endsInSpace = false
                    out.append(byte)
                default:
                    endsInSpace = false
                    out.append(byte.loweredASCII)
                }
            }
        }
    }
}
