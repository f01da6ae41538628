extension Transformation {
    static func urlDecode(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var index = start
            while index < input.count {
                let byte = input[index]
                if byte == UInt8(ascii: "%"), let decoded = input.hexPair(at: index &+ 1) {
                    out.append(decoded)
                    index &+= 3
                } else {
                    out.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
                    index &+= 1
                }
            }
        }
    }

    static func urlDecodeUni(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var index = start
            while index < input.count {
                let byte = input[index]
                guard byte == UInt8(ascii: "%") else {
                    out.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
                    index &+= 1
                    continue
                }
                if input.orZero(index &+ 1) | 0x20 == UInt8(ascii: "u") {
                    if let high = input.hexPair(at: index &+ 2), let low = input.hexPair(at: index &+ 4) {
                        out.append(UnicodeMap.byte(high: high, low: low))
                        index &+= 6
                    } else {
                        out.append(byte)
                        out.append(input[index &+ 1])
                        index &+= 2
                    }
                } else if let decoded = input.hexPair(at: index &+ 1) {
                    out.append(decoded)
                    index &+= 3
                } else {
                    out.append(byte)
                    index &+= 1
                }
            }
        }
    }

    static func urlEncode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count &* 3) { out in
            for index in 0..<input.count {
                let byte = input[index]
                if byte == 0x20 {
                    out.append(UInt8(ascii: "+"))
                } else if byte == UInt8(ascii: "*") || byte.isCAlphanumeric {
                    out.append(byte)
                } else {
                    out.append(UInt8(ascii: "%"))
                    out.appendHex(byte)
                }
            }
        }
    }
}
