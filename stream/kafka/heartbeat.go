package kafka

import (
	"github.com/segmentio/kafka-go/protocol"
	_ "github.com/segmentio/kafka-go/protocol/heartbeat" // is registered first, so that ours replaces it
)

// kafka-go v0.4.51 cannot be asked whether a member still lives: its Client.Heartbeat goes to any broker
// instead of the coordinator, writes version 4 without compact strings, and reads the error code from
// where the throttle time stands, so that an evicted member hears that all is well. These messages are
// versions 0 to 3 as the protocol has them. They replace the library's in this process; its
// consumer groups use older code of their own.
func init() { protocol.Register(&heartbeatRequest{}, &heartbeatResponse{}) }

type heartbeatRequest struct {
	GroupID         string `kafka:"min=v0,max=v3"`
	GenerationID    int32  `kafka:"min=v0,max=v3"`
	MemberID        string `kafka:"min=v0,max=v3"`
	GroupInstanceID string `kafka:"min=v3,max=v3,nullable"`
}

// ApiKey is the protocol's number of the request.
func (*heartbeatRequest) ApiKey() protocol.ApiKey { return protocol.Heartbeat }

// Group sends the request to the group's coordinator.
func (r *heartbeatRequest) Group() string { return r.GroupID }

var _ protocol.GroupMessage = (*heartbeatRequest)(nil)

type heartbeatResponse struct {
	ThrottleTimeMs int32 `kafka:"min=v1,max=v3"`
	ErrorCode      int16 `kafka:"min=v0,max=v3"`
}

// ApiKey is the protocol's number of the request.
func (*heartbeatResponse) ApiKey() protocol.ApiKey { return protocol.Heartbeat }
